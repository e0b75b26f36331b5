/**
 * Calls to the Claude platform, counted by route and status around the fetch they leave through. Ids never
 * become labels: a part of a path that is no word of the API is one.
 */
import type { Metrics } from "../metrics.ts";
import type { Traces } from "../traces.ts";

/** Words of the API's paths; everything else in one is an id. */
const words = new Set([
  ...["v1", "agents", "environments", "sessions", "events", "stream", "resources", "archive"],
  ...["versions", "models", "vaults", "credentials"],
]);

/** The same fetch, counting, and traced as far as its answer's head. */
export function countedFetch(
  fetch: typeof globalThis.fetch,
  { metrics, traces }: { metrics: Pick<Metrics, "called">; traces: Pick<Traces, "call"> },
): typeof fetch {
  return async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const route = pathname
      .split("/")
      .map((part) => (part === "" || words.has(part) ? part : "{id}"))
      .join("/");
    const call = { to: "claude", method: init?.method ?? "GET", route };
    return traces.call(call, async (answered) => {
      try {
        const answer = await fetch(input, init);
        metrics.called(call, answer.status);
        answered(answer.status);
        return answer;
      } catch (error) {
        metrics.called(call, "none");
        throw error;
      }
    });
  };
}
