/** Several at once: each has one documented answer. */
import { afterEach, expect, test } from "vitest";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { lastWords, openedPull, says, toldTo, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

test("two issues in one repository are two runs that do not know each other", async () => {
  stage = await setStage();
  stage.claude.script(({ metadata }) => fixAndSubmit({ path: `${metadata["issue"]}.txt` }));
  const issues = [stage.labelled(), stage.labelled()];
  for (const issue of issues) await stage.untilShown(issue, "opened #");
  expect(stage.claude.sessions).toHaveLength(2);
  expect(stage.github.pulls(shop)).toHaveLength(2);
});

test("a command on an issue whose pull request is open goes on with that", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  await says(stage, issue, "/agent fix more");
  await stage.pass(10 * 60_000);
  expect(stage.claude.sessions).toHaveLength(1);
  expect(toldTo(stage.claude.sessions[0])[1]).toContain("more");
  expect(stage.github.pulls(shop)).toHaveLength(1);
  expect(stage.github.comments(shop, pull)).toHaveLength(1);
});

test("a second run on the issue while the first one's pull request is open: what is said there is kept", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (stage.claude.sessions.length === 2 && agent.round === 1) await agent.wait(600_000);
    await fixAndSubmit({ path: `${stage.claude.sessions.length}.txt` })(agent);
  });
  const { issue, pull } = await openedPull(stage);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  stage.github.label(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  await says(stage, pull, "/agent fix more");
  expect(lastWords(stage, pull)).toContain("Another run is at work on this issue");
  await stage.pass(30 * 60_000);
  expect(stage.github.pulls(shop)).toHaveLength(2);
  await says(stage, pull, "/agent fix now");
  await stage.pass(10 * 60_000);
  expect(toldTo(stage.claude.sessions[0]).slice(1)).toEqual([
    expect.stringContaining("more"),
    expect.stringContaining("now"),
  ]);
});

test("a command on somebody else's pull request gets one reply, a review of it none", async () => {
  stage = await setStage();
  await stage.github.pushCommit(shop, "theirs", { files: { "a.txt": "a" }, by: "mona" });
  const pull = await stage.github.openPull(shop, { title: "Mine", head: "theirs", author: "mona" });
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "No.", by: "rita" });
  await stage.pass(60_000);
  expect(transcript(stage, pull)).toEqual([]);
  await says(stage, pull, "/agent fix this");
  expect(lastWords(stage, pull)).toContain("I did not open this pull request");
  const comments = ["/agent fix here", "/agent fix there"].map((body) => ({ path: "a.txt", line: 1, body }));
  stage.github.review(shop, pull, { state: "COMMENTED", comments, by: "rita" });
  stage.github.review(shop, pull, { state: "COMMENTED", body: "/agent fix it", by: "otto" });
  await stage.pass(60_000);
  const said = transcript(stage, pull);
  expect(said).toHaveLength(4);
  expect(said.filter((line) => /otto.* needs the role `write`/.test(line))).toHaveLength(1);
  expect(stage.claude.sessions).toEqual([]);
});

test.each(["/agent budget 5", "/agent stop", "/agent approve", "/agent approve 0123456", "/agent retry"])(
  "%s on somebody else's pull request: what is possible",
  async (body) => {
    stage = await setStage();
    await stage.github.pushCommit(shop, "theirs", { files: { "a.txt": "a" }, by: "mona" });
    const pull = await stage.github.openPull(shop, { title: "Mine", head: "theirs", author: "mona" });
    await says(stage, pull, body, "rita");
    expect(lastWords(stage, pull)).toContain("I did not open this pull request");
  },
);

test("retry tells the agent what happened before and keeps what was asked", async () => {
  stage = await setStage();
  stage.plays((agent) => (stage.claude.sessions.length === 1 ? agent.refuse() : doNothing(agent)));
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  await says(stage, issue, "/agent retry");
  expect(lastWords(stage, issue)).toContain("There has been no run on this issue");
  await says(stage, issue, "/agent fix but use tabs");
  await stage.untilShown(issue, "failed");
  await says(stage, issue, "/agent budget 7");
  expect(lastWords(stage, issue)).toContain("The last run on this issue is over.");
  stage.github.comment(shop, issue, { body: "By the way: also sub.", by: "mona" });
  await stage.pass(60_000);
  await says(stage, issue, "/agent retry", "rita");
  await stage.untilShown(issue, "no changes");
  const [request = ""] = toldTo(stage.claude.sessions[1]);
  expect(request).toMatch(
    /An earlier run on this issue ended:\n\n<untrusted-data \w+: how it ended>\nfailed \(The model declined/,
  );
  expect(request).toContain("but use tabs");
  expect(request).toContain("By the way: also sub.");
  expect(stage.headline(issue)).toContain("**rita** asked");
});
