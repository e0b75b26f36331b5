/** What deliveries ask, where GitHub leaves out or adds what others have. */
import { expect, test } from "vitest";
import { readDelivery } from "../../src/domain/delivery.ts";
import { intentOf } from "../../src/domain/intent.ts";

const mona = { login: "mona", id: 7, type: "User" };
const scope = {
  repository: {
    id: 21,
    name: "shop",
    private: true,
    default_branch: "main",
    html_url: "https://github.com/acme/shop",
    owner: { login: "acme", id: 3, type: "Organization" },
  },
  installation: { id: 5 },
};
const asked = (event: string, payload: Record<string, unknown>) => {
  const reading = readDelivery(event, { ...scope, ...payload });
  return reading.kind === "ignored" ? reading : intentOf(reading.delivery, 0);
};

test.each([
  ["without a sender", {}],
  ["of no sender", { sender: null }],
])("a push %s is a push all the same", (_what, by) => {
  const push = { ref: "refs/heads/main", after: "a".repeat(40), pusher: { name: "mona" }, ...by };
  expect(asked("push", push)).toMatchObject({
    kind: "pushed",
    move: { ref: "refs/heads/main" },
    sender: { id: 0, type: "Unknown" },
  });
  expect(asked("create", { ref: "a", ref_type: "branch", ...by })).toMatchObject({ kind: "ignored" });
});

test("failed checks name every pull request they were run for", () => {
  const suite = { id: 9, head_sha: "b".repeat(40), head_branch: "claude/s1", conclusion: "failure" };
  const pull_requests = [{ number: 4 }, { number: 2 }];
  const check_suite = { ...suite, app: { id: 1, slug: "github-actions" }, pull_requests };
  expect(asked("check_suite", { action: "completed", check_suite, sender: mona })).toMatchObject({
    kind: "checks failed",
    suite: { pulls: [4, 2], branch: "claude/s1" },
  });
});
