/**
 * Octokit's calls as spans of the run they are made for. A template names the call, never an address: that
 * would name the repository.
 */
import { RequestError } from "@octokit/request-error";
import type { Octokit } from "@octokit/rest";
import { Problem } from "../domain/errors.ts";
import type { Traces } from "../traces.ts";

/** Traces every call that this Octokit makes from now on. */
export function traceCalls(octokit: Octokit, traces: Pick<Traces, "call">): void {
  octokit.hook.wrap("request", (request, options) =>
    traces.call({ to: "github", method: options.method, route: routeOf(options.url) }, async (answered) => {
      try {
        const response = await request(options);
        answered(response.status);
        return response;
      } catch (error) {
        answered(statusOf(error));
        throw error;
      }
    }),
  );
}

/** Octokit's template; the address of a list's next page is a whole URL and would name the repository. */
export function routeOf(url: string): string {
  return url.startsWith("/") ? url : "next page";
}

/** The status behind a failed call; `none` where GitHub did not answer or was not asked. */
export function statusOf(error: unknown): number | "none" {
  const cause = error instanceof Problem ? error.cause : error;
  return cause instanceof RequestError && cause.response ? cause.status : "none";
}
