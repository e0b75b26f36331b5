/** A review goes on with the session: one message for all its remarks, an answer under it, a check meanwhile. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import {
  aliveTokens,
  lastWords,
  openedPull,
  ownChecks,
  reactionsTo,
  reactionsToRemarks,
  says,
  toldTo,
} from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const session = () => stage.claude.sessions[0];

test("changes requested: one message with every remark, an answer, and the check on both heads", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) return fixAndSubmit()(agent);
    await agent.wait(5 * 60_000);
    await pushFix()(agent);
    await agent.say("/agent stop\nRenamed it, @rita.");
  });
  const { issue, pull } = await openedPull(stage);
  const before = await stage.github.branchHead(shop, `claude/${session()?.id}`);
  stage.github.disturb({ event: "pull_request_review", kind: "duplicate", copies: 3 });
  const review = stage.github.review(shop, pull, {
    state: "CHANGES_REQUESTED",
    body: "Nearly.",
    comments: [
      { path: "fix.txt", line: 1, body: "/agent fix rename this" },
      { path: "fix.txt", line: 1, body: "And this." },
    ],
    by: "rita",
  });
  await stage.pass(2 * 60_000);
  expect(ownChecks(stage)).toEqual([{ status: "in_progress", conclusion: null, headSha: before }]);
  await stage.pass(30 * 60_000);
  const told = toldTo(session());
  expect(told).toHaveLength(2);
  expect(
    told[1]?.replaceAll(/run_\w{20}/g, "RUN").replace(`review:${review}`, "review:ID"),
  ).toMatchInlineSnapshot(`
    "The pull request was reviewed. Fetch first: others may have pushed to the pull request. Where it conflicts with \`origin/main\`, merge that into it; never rewrite what was pushed. Deal with every remark, push, and end your turn with a short answer.

    <untrusted-data RUN: review by rita, who may steer this run>
    Nearly.

    ---

    fix.txt line 1:
    @@ -1 +1 @@
    /agent fix rename this

    ---

    fix.txt line 1:
    @@ -1 +1 @@
    And this.
    </untrusted-data RUN>

    [patchwright RUN review:ID]"
  `);
  const after = await stage.github.branchHead(shop, `claude/${session()?.id}`);
  expect(after).not.toBe(before);
  expect(stage.github.pull(shop, pull)?.headSha).toBe(after);
  expect(ownChecks(stage)).toEqual([
    { status: "completed", conclusion: "success", headSha: before },
    { status: "completed", conclusion: "success", headSha: after },
  ]);
  expect(lastWords(stage, pull)).toMatch(/^[^/].*agent stop[\s\S]*Renamed it, `@rita`\./);
  expect(stage.github.pulls(shop)).toHaveLength(1);
  expect(stage.headline(issue)).toContain(`**opened #${pull}**`);
  expect(aliveTokens(stage)).toEqual([]);
});

test("the session gets a fresh token before the message", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { pull } = await openedPull(stage);
  await stage.pass(3 * 3_600_000);
  const calls = stage.claude.log.length;
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "Again.", by: "mona" });
  await stage.pass(10 * 60_000);
  const sent = stage.claude.log.slice(calls).filter(({ method }) => method === "POST");
  expect(sent.map(({ path }) => path.split("/")[4]).slice(0, 2)).toEqual(["resources", "events"]);
});

test("approvals, remarks without a command and reviews of people who may not do nothing", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { pull } = await openedPull(stage);
  const remark = [{ path: "fix.txt", line: 1, body: "Hm." }];
  stage.github.review(shop, pull, { state: "APPROVED", body: "Fine.", by: "rita" });
  stage.github.review(shop, pull, { state: "COMMENTED", body: "Hm.", comments: remark, by: "rita" });
  stage.github.review(shop, pull, { state: "CHANGES_REQUESTED", body: "No!", by: "otto" });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(1);
  expect(stage.github.comments(shop, pull)).toEqual([]);
});

test("a command in a review comment asks for its review", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { pull } = await openedPull(stage);
  const comments = [{ path: "fix.txt", line: 1, body: "/agent fix this line" }];
  stage.github.review(shop, pull, { state: "COMMENTED", body: "", comments, by: "rita" });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(2);
  expect(toldTo(session())[1]).toMatch(/review by rita[\s\S]*fix\.txt line 1:[\s\S]*this line/);
  expect(reactionsToRemarks(stage, pull)).toEqual([["eyes", "rocket"]]);
});

test("a command in a review by somebody who may not is refused as everywhere", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { pull } = await openedPull(stage);
  const comments = [{ path: "fix.txt", line: 1, body: "/agent fix this line" }];
  stage.github.review(shop, pull, { state: "COMMENTED", body: "/agent fix", comments, by: "otto" });
  await stage.pass(60_000);
  expect(stage.github.comments(shop, pull).map(({ body }) => body)).toEqual([
    expect.stringMatching(/^otto.* needs the role `write`/),
  ]);
  expect(toldTo(session())).toHaveLength(1);
});

test("an outsider's command in a remark gets a reaction on the remark and nothing else", async () => {
  stage = await setStage({ private: false });
  stage.plays(fixAndSubmit());
  const { pull } = await openedPull(stage);
  for (const body of ["/agent fix this line", "/agent stop"]) {
    const comments = [{ path: "fix.txt", line: 1, body }];
    stage.github.review(shop, pull, { state: "COMMENTED", body: "", comments, by: "otto" });
    await stage.pass(60_000);
  }
  const remarks = stage.github.reviews(shop, pull).flatMap((review) => review.remarks);
  expect(remarks.map(({ reactions }) => reactions)).toEqual([["confused"], []]);
  expect(stage.github.comments(shop, pull)).toEqual([]);
});

test("what opens a round gets the reaction of its ending, and nothing for a stop", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) return fixAndSubmit()(agent);
    if (agent.text.includes("once more")) return agent.terminate();
    await agent.wait(3_600_000);
  });
  const { issue, pull } = await openedPull(stage);
  const first = await says(stage, pull, "/agent fix more");
  await stage.pass(5 * 60_000);
  const more = await says(stage, pull, "/agent fix even more");
  await stage.pass(5 * 60_000);
  expect(reactionsTo(stage, pull, first)).toEqual(["eyes"]);
  await says(stage, pull, "/agent stop");
  await stage.untilShown(issue, "stopped");
  expect(reactionsTo(stage, pull, first)).toEqual(["eyes"]);
  const second = await says(stage, pull, "/agent fix once more");
  await stage.untilShown(issue, "failed");
  expect(reactionsTo(stage, pull, second)).toEqual(["confused", "eyes"]);
  expect(reactionsTo(stage, pull, first)).toEqual(["eyes"]);
  expect(reactionsTo(stage, pull, more)).toContain("eyes");
});

test("other commands in a review mean what they mean elsewhere", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) return fixAndSubmit()(agent);
    await agent.wait(3_600_000);
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix more");
  expect(session()?.status).toBe("running");
  stage.github.review(shop, pull, { state: "COMMENTED", body: "/agent stop", by: "rita" });
  await stage.pass(60_000);
  expect(stage.headline(issue)).toContain("**stopped**");
  expect(toldTo(session())).toHaveLength(2);
});

test("a command on the pull request's conversation: heard, read, answered there", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  const id = await says(stage, pull, "/agent fix add a test", "rita");
  await stage.pass(5 * 60_000);
  expect(toldTo(session())[1]).toContain("add a test");
  expect(reactionsTo(stage, pull, id)).toEqual(["eyes", "rocket"]);
  expect(stage.github.comments(shop, pull)).toHaveLength(2);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
});

test("a comment deleted before it is acknowledged breaks nothing", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  const id = stage.github.comment(shop, pull, { body: "/agent fix add a test", by: "rita" });
  stage.github.deleteComment(shop, id, { by: "rita" });
  await stage.pass(10 * 60_000);
  expect(toldTo(session())).toHaveLength(2);
  expect(stage.headline(issue)).toContain(`**opened #${pull}**`);
});

test("an agent that has nothing to push says so, and the check is done", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    if (agent.round === 1) return fixAndSubmit()(agent);
    await agent.say("It is right as it is.");
  });
  const { issue, pull } = await openedPull(stage);
  await says(stage, pull, "/agent fix is this right?");
  await stage.pass(60_000);
  expect(lastWords(stage, pull)).toBe("It is right as it is.");
  expect(ownChecks(stage)).toMatchObject([{ status: "completed", conclusion: "success" }]);
  expect(stage.headline(issue)).toContain(`**opened #${pull}**`);
});
