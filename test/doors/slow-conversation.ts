/**
 * A GitHub that only has one conversation and takes a turn for each call, so that two who reply meet there.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { GitHub } from "../../src/github/client.ts";

/** A GitHub with one conversation; `posted` is what was said there. */
export function conversation() {
  const posted: { id: number; body: string; html_url: string; performed_via_github_app: { id: number } }[] =
    [];
  const issues = {
    listComments: async () => {
      const data = [...posted];
      await turn();
      return { data };
    },
    createComment: async ({ body }: { body: string }) => {
      await turn();
      const data = { id: posted.length, body, html_url: "", performed_via_github_app: { id: 7 } };
      posted.push(data);
      return { data };
    },
  };
  // The cast: of all of Octokit, replies use these two calls and our own number.
  const github = { of: () => ({ rest: { issues } }), self: async () => ({ appId: 7 }) } as unknown as GitHub;
  return { github, posted };
}
