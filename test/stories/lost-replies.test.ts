/** A reply is lost after its effect, at each call that changes something: found again, and never done twice. */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { pushFix } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const issueRoot = "/repos/{owner}/{repo}/issues";

/** Long enough for a token to be replaced and the status comment to be edited. */
const script: Script = async (agent) => {
  await agent.say("This takes a while.");
  await agent.wait(45 * 60_000);
  await pushFix()(agent);
  await agent.custom("submit_pull_request", { title: "Fix", summary: "So." });
};

async function playedOut(lose: () => void): Promise<void> {
  stage.plays(script);
  lose();
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #");
  const pulls = stage.github.pulls(shop);
  expect(pulls).toHaveLength(1);
  await stage.until("mona is asked", () => stage.github.pulls(shop)[0]?.reviewers.length === 1, 600_000);
  await stage.github.closePull(shop, pulls[0]?.number ?? 0, { by: "mona" });
  await stage.pass(600_000);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes", "rocket"]);
  const [session, ...others] = stage.claude.sessions;
  expect(others).toEqual([]);
  expect(session?.archivedAt).not.toBeNull();
  const sent = session?.log.filter(({ type }) => type.startsWith("user.")).map(({ type }) => type);
  expect(sent).toEqual(["user.message", "user.custom_tool_result"]);
}

test.each([
  ["POST", `${issueRoot}/{issue_number}/reactions`],
  ["POST", `${issueRoot}/{issue_number}/comments`],
  ["PATCH", `${issueRoot}/comments/{comment_id}`],
  ["POST", "/repos/{owner}/{repo}/pulls"],
  ["POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers"],
  ["DELETE", "/installation/token"],
  ["POST", "/app/installations/{installation_id}/access_tokens"],
])("GitHub's reply to %s %s", async (method, route) => {
  stage = await setStage({ allows: route.endsWith("access_tokens") ? ["lost token"] : [] });
  await playedOut(() => stage.github.fault({ method, route, kind: "resetAfter", times: 1 }));
});

test.each([`${issueRoot}/{issue_number}/comments`, "/repos/{owner}/{repo}/pulls"])(
  "GitHub carries POST %s out seconds after nobody waits for it any more",
  async (route) => {
    stage = await setStage();
    await playedOut(() => stage.github.fault({ method: "POST", route, kind: "late", ms: 6_000, times: 1 }));
  },
);

test.each([
  "POST /v1/sessions",
  "POST /v1/sessions/:id/events",
  "POST /v1/sessions/:id/resources/:resource",
  "POST /v1/sessions/:id/archive",
])("the Claude platform's reply to %s", async (on) => {
  stage = await setStage();
  await playedOut(() => stage.claude.fault({ on, trouble: { kind: "reset_after" } }));
  const struck = stage.claude.log.filter(({ status }) => status === 0);
  expect(struck).not.toEqual([]);
});

test("the reply to the answer of a tool call", async () => {
  stage = await setStage();
  const on = "POST /v1/sessions/:id/events";
  await playedOut(() => {
    stage.claude.onRequest(({ phase, request }) => {
      const answers = JSON.stringify(request.requestBody ?? "").includes("user.custom_tool_result");
      const first = stage.claude.log.filter(({ status }) => status === 0).length <= 1;
      return phase === "after" && answers && first && `POST ${request.route}` === on ? "reset" : undefined;
    });
  });
});

test.each(["POST /v1/agents", "POST /v1/environments"])("the reply to %s at the start", async (on) => {
  stage = await setStage({
    beforehand: ({ claude }) => claude.fault({ on, trouble: { kind: "reset_after" } }),
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "no changes");
  const made = stage.claude.log.filter(({ method, route }) => `${method} ${route}` === on);
  expect(made).toHaveLength(1);
});

test.each([
  ["POST /v1/sessions", "/v1/sessions"],
  ["POST /v1/sessions/:id/events", "/v1/sessions/:id/events"],
])("what cannot be found of %s is not done again before ten seconds are over", async (on, route) => {
  stage = await setStage();
  stage.plays(pushFix());
  stage.claude.fault({ on, trouble: { kind: "reset_before" } });
  await stage.untilShown(stage.labelled(), "opened #");
  const posts = stage.claude.log.filter((one) => one.method === "POST" && one.route === route);
  const [first = 0, second = 0] = posts.map(({ at }) => at);
  expect(second - first).toBeGreaterThanOrEqual(10_000);
});

test("every call that changes something fails once before its effect", async () => {
  stage = await setStage();
  await playedOut(() => {
    const struck = new Set<string>();
    const first = (key: string) => !struck.has(key) && struck.add(key).has(key);
    stage.github.onRequest((phase, { method, route }) =>
      phase === "before" && method !== "GET" && !route.startsWith("git-") && first(`${method} ${route}`)
        ? "cut"
        : undefined,
    );
    stage.claude.onRequest(({ phase, request: { method, route } }) =>
      phase === "before" && method === "POST" && first(`${method} ${route}`) ? "reset" : undefined,
    );
  });
});

test.each([
  { fate: "closed", words: "#2: pull request closed" },
  { fate: "merged", words: "#2: pull request merged" },
])(
  "the reply to opening the pull request is lost, and a person has it $fate before it is looked for",
  async ({ fate, words }) => {
    stage = await setStage();
    stage.plays(async (agent) => {
      await pushFix()(agent);
      await agent.custom("submit_pull_request", { title: "Fix", summary: "So." });
    });
    let isLost = false;
    stage.github.onRequest(async (phase, { method, route }) => {
      const isOpening = method === "POST" && route === "/repos/{owner}/{repo}/pulls";
      if (isLost || phase !== "after" || !isOpening) return undefined;
      isLost = true;
      const number = stage.github.pulls(shop)[0]?.number ?? 0;
      if (fate === "closed") await stage.github.closePull(shop, number, { by: "mona" });
      else await stage.github.mergePull(shop, number, { by: "mona" });
      return "cut";
    });
    const issue = stage.labelled();
    await stage.pass(3_600_000);
    expect(stage.github.pulls(shop)).toHaveLength(1);
    expect(stage.headline(issue)).toContain("opened #2");
    expect(stage.status(issue)).toContain(words);
    expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  },
);
