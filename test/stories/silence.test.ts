/**
 * GitHub or the Claude platform keeps silent: no answer comes, or it stops half-way. The call is given up, the
 * wake comes later, what took effect is found, and nothing is done twice.
 */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, says } from "./conversation.ts";
import { type Setting, type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Short, because it passes in real time; far longer than an answer of the simulators takes. */
const callTimeoutMs = 1_000;
const issueRoot = "/repos/{owner}/{repo}/issues/{issue_number}";

/** One run from label to report in which one call meets silence. */
async function playedOut({ strike, ...setting }: Setting & { strike: () => void }): Promise<void> {
  stage = await setStage({ callTimeoutMs, ...setting });
  stage.plays(fixAndSubmit());
  strike();
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #");
  await stage.until("mona is asked", () => stage.github.pulls(shop)[0]?.reviewers.length === 1, 600_000);
  expect(stage.github.pulls(shop)).toHaveLength(1);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes", "rocket"]);
  expect(stage.claude.sessions).toHaveLength(1);
  const sent = stage.claude.sessions[0]?.log.filter(({ type }) => type.startsWith("user."));
  expect(sent?.map(({ type }) => type)).toEqual(["user.message", "user.custom_tool_result"]);
}

/** Codes of the problems for which wakes were put off. */
const putOff = () =>
  stage.lines.filter(({ msg }) => msg === "wake failed").map(({ err }) => (err as { code?: string }).code);

const kinds = ["stallAfter", "stallBody"] as const;
const claudeKinds = ["stall_after", "stall_body"] as const;
const mint = "/app/installations/{installation_id}/access_tokens";

test.each(
  [
    ["GET", "/repos/{owner}/{repo}/collaborators/{username}/permission"],
    ["GET", "/repos/{owner}/{repo}/compare/{basehead}"],
    ["POST", `${issueRoot}/comments`],
    ["POST", "/repos/{owner}/{repo}/pulls"],
  ].flatMap(([method, route]) => kinds.map((kind) => [kind, method, route] as const)),
)("GitHub: %s at %s %s", async (kind, method = "", route = "") => {
  await playedOut({
    strike: () => stage.github.fault({ method, route, kind, times: 1 }),
  });
  expect(putOff()).toContain("github_unreachable");
});

test.each(kinds)("GitHub: %s at the mint of the session's token", async (kind) => {
  await playedOut({
    allows: ["lost token"],
    // The first mint is for our own calls.
    strike: () => stage.github.fault({ method: "POST", route: mint, kind, nth: 2 }),
  });
  expect(putOff()).toContain("github_unreachable");
});

test.each(
  ["POST /v1/sessions", "POST /v1/sessions/:id/events"].flatMap((on) =>
    claudeKinds.map((kind) => [kind, on] as const),
  ),
)("the Claude platform: %s at %s", async (kind, on) => {
  await playedOut({ strike: () => stage.claude.fault({ on, trouble: { kind } }) });
  expect(putOff()).toContain("claude_unreachable");
});

test.each(claudeKinds)("the Claude platform: %s at a read, which is asked again", async (kind) => {
  const on = "GET /v1/sessions/:id/events";
  await playedOut({ strike: () => stage.claude.fault({ on, trouble: { kind } }) });
  const asked = stage.claude.log.filter(({ method, route }) => `${method} ${route}` === on);
  expect(asked.findIndex(({ status }) => status === 0)).toBeLessThan(asked.length - 1);
  expect(asked.filter(({ status }) => status === 0)).toHaveLength(1);
});

test("a refusal that stops half-way ends nothing: the branch that exists already, in a second round", async () => {
  const settings = "branch: agent/{issue}-{slug}\n";
  stage = await setStage({
    callTimeoutMs,
    files: { "README.md": "x\n", ".github/patchwright.yml": settings },
  });
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  const refs = "/repos/{owner}/{repo}/git/refs";
  stage.github.fault({ method: "POST", route: refs, times: 1, kind: "stallBody" });
  await says(stage, pull, "/agent fix and mind the sign");
  await stage.pass(30 * 60_000);
  expect(stage.headline(issue)).toContain("**opened");
  const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
  expect(stage.github.pull(shop, pull)?.headSha).toBe(head);
});
