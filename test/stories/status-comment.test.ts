/** The status comment: one per run, edited in place, the headline first, the marker last. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Everything the status comment ever said, with what differs from run to run named. */
const told = () =>
  stage.github.log
    .filter(
      ({ method, route, status }) =>
        method !== "GET" && /\/comments/.test(route) && status >= 200 && status < 300,
    )
    .map(({ method, requestBody }) => {
      const { body } = requestBody as { body: string };
      return `${method} ${body.replaceAll(/run_\w{20}/g, "RUN")}`;
    });

test("a run of minutes is told in one comment", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.say("I am reading `add.js`.");
    await agent.read("add.js");
    await agent.spend(12);
    // Not a multiple of the looks, so that the order at one moment does not matter.
    await agent.wait(6 * 60_000 + 10_000);
    await fixAndSubmit({ path: "add.js", content: "export const add = (a, b) => a + b;\n" })(agent);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #");
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes", "rocket"]);
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
  expect(told().join("\n\n======\n\n")).toMatchInlineSnapshot(`
    "POST **mona** asked · **starting** · 0 s · $0.00 of $5.00

    I am on it. Reply \`/agent stop\` to stop me.

    <!-- patchwright:run:RUN -->

    ======

    PATCH **mona** asked · **working** · 30 s · $0.00 of $5.00

    > I am reading \`add.js\`.

    1 file read · 0 edits · 1 command run

    [session](https://platform.claude.com/workspaces/default/sessions/sesn_01SIM00000000000000000001) · branch \`claude/sesn_01SIM00000000000000000001\`

    <!-- patchwright:run:RUN -->

    ======

    PATCH **mona** asked · **working** · 6 min · $0.12 of $5.00

    > Looking at the repository.

    2 files read · 1 edit · 4 commands run

    [session](https://platform.claude.com/workspaces/default/sessions/sesn_01SIM00000000000000000001) · branch \`claude/sesn_01SIM00000000000000000001\`

    <!-- patchwright:run:RUN -->

    ======

    PATCH **mona** asked · **opened #2** · 6 min · $0.12 of $5.00

    The pull request is open: #2.

    > Fixed it.

    2 files read · 1 edit · 4 commands run

    [session](https://platform.claude.com/workspaces/default/sessions/sesn_01SIM00000000000000000001) · branch \`claude/sesn_01SIM00000000000000000001\`

    <!-- patchwright:run:RUN -->"
  `);
});

test("a marker counts only in what our own App wrote", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  stage.github.fault({
    method: "POST",
    route: "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    kind: "resetBefore",
    times: 1,
  });
  const issue = stage.labelled();
  const run = () => String(stage.lines.find(({ run_id }) => run_id !== undefined)?.["run_id"]);
  await stage.until("the first attempt has failed", () =>
    stage.lines.some(({ msg }) => msg === "wake failed"),
  );
  stage.github.comment(shop, issue, { body: `Me too! <!-- patchwright:run:${run()} -->`, by: "rita" });
  await stage.until("a second comment is there", () => stage.github.comments(shop, issue).length === 2);
  await stage.until("the run has ended", () => stage.github.pulls(shop).length === 1);
  await stage.untilShown(issue, "opened #");
  const [forged, ours] = stage.github.comments(shop, issue);
  expect(forged).toMatchObject({ author: "rita", editedAt: undefined });
  expect(ours).toMatchObject({ author: stage.github.app.botLogin });
});

test("a status comment that somebody deleted comes back once", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(30 * 60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.until("the comment is there", () => stage.status(issue) !== "");
  const [posted] = stage.github.comments(shop, issue);
  stage.github.deleteComment(shop, posted?.id ?? 0, { by: "rita" });
  await stage.untilShown(issue, "opened #");
  expect(stage.github.comments(shop, issue)).toHaveLength(1);
});

test("an issue nobody may comment on ends its run all the same", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(10 * 60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled();
  await stage.until("the comment is there", () => stage.status(issue) !== "");
  stage.github.deleteIssue(shop, issue, { by: "rita" });
  await stage.pass(60 * 60_000);
  expect(stage.lines.filter(({ msg }) => msg === "round ended")).toHaveLength(1);
});
