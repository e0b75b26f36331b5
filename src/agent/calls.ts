/**
 * Calls to the Claude platform, counted by route and status around the fetch they leave through. Ids never
 * become labels: a part of a path that is no word of the API is one.
 */
import type { Metrics } from "../metrics.ts";

/** Words of the API's paths; everything else in one is an id. */
const words = new Set([
  ...["v1", "agents", "environments", "sessions", "events", "stream", "resources", "archive"],
  ...["versions", "models", "vaults", "credentials"],
]);

/** The same fetch, counting. */
export function countedFetch(fetch: typeof globalThis.fetch, metrics: Pick<Metrics, "calls">): typeof fetch {
  return async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const route = pathname
      .split("/")
      .map((part) => (part === "" || words.has(part) ? part : "{id}"))
      .join("/");
    const call = { to: "claude", method: init?.method ?? "GET", route };
    try {
      const answer = await fetch(input, init);
      metrics.calls.inc({ ...call, status: answer.status });
      return answer;
    } catch (error) {
      metrics.calls.inc({ ...call, status: "none" });
      throw error;
    }
  };
}
