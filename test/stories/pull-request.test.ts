/** The pull request: opened by us and never by the agent, once, with all that reviewers need. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const body = () => (stage.github.pulls(shop)[0]?.body ?? "").replaceAll(/run_\w{20}/g, "RUN");

test("it says what was done, how it was checked, what it closes, where from and at what cost", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.spend(42);
    await pushFix({ path: "add.js", content: "export const add = (a, b) => a + b;\n" })(agent);
    const [title, summary, checks] = [
      "Fix add",
      "`add` no longer adds one. Ping @mona, fixes #9.",
      "node --test",
    ];
    await agent.custom("submit_pull_request", { title, summary, checks });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2)).toMatchObject({
    title: "Fix add",
    author: stage.github.app.botLogin,
    base: "main",
    head: `claude/${stage.claude.sessions[0]?.id}`,
    draft: true,
    reviewers: ["mona"],
  });
  expect(body()).toMatchInlineSnapshot(`
    "\`add\` no longer adds one. Ping \`@mona\`, fixes \`#9\`.

    ### How it was checked

    node --test

    Closes #1

    [Claude session](https://platform.claude.com/workspaces/default/sessions/sesn_01SIM00000000000000000001) · cost $0.42 · asked by mona

    <!-- patchwright:run:RUN -->"
  `);
  expect(stage.status(issue)).toContain("The pull request is open: #2.");
});

test("an agent that pushed and ended its turn without a word still gets its pull request", async () => {
  stage = await setStage();
  stage.plays(pushFix());
  const issue = stage.labelled({ title: "Add is wrong" });
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2)?.title).toBe("Add is wrong");
  expect(body()).toContain("Closes #1");
});

test("GitHub refuses drafts: an ordinary one is opened", async () => {
  stage = await setStage();
  stage.github.configure(shop, { drafts: false });
  stage.plays(fixAndSubmit());
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2)?.draft).toBe(false);
});

test("the repository's template is filled", async () => {
  const template = "## Summary\n\n<!-- what? -->\n\n## How was it tested?\n\n- [ ] I have read the rules\n";
  stage = await setStage({
    files: { "README.md": "# shop\n", ".github/pull_request_template.md": template },
  });
  stage.plays(async (agent) => {
    await pushFix()(agent);
    await agent.custom("submit_pull_request", { title: "Fix", summary: "Done so.", checks: "npm test" });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(body()).toMatchInlineSnapshot(`
    "## Summary

    Done so.

    <!-- what? -->

    ## How was it tested?

    npm test

    - [ ] I have read the rules

    Closes #1

    [Claude session](https://platform.claude.com/workspaces/default/sessions/sesn_01SIM00000000000000000001) · cost $0.00 · asked by mona

    <!-- patchwright:run:RUN -->"
  `);
});

test.each([
  ["the App may not see them", { type: "FORBIDDEN", message: "Resource not accessible by integration" }],
  ["the server does not know them", { message: "no such field", extensions: { code: "undefinedField" } }],
])("templates cannot be had, as %s: none is filled", async (_what, error) => {
  stage = await setStage();
  const body = { data: { repository: null }, errors: [error] };
  stage.github.fault({ route: "graphql", nth: 2, kind: "status", status: 200, body });
  stage.plays(fixAndSubmit());
  await stage.untilShown(stage.labelled(), "opened #2");
});

test("templates cannot be had for a while: the pull request waits", async () => {
  stage = await setStage();
  const body = { data: null, errors: [{ message: "Something went wrong while executing your query" }] };
  stage.github.fault({ route: "graphql", nth: 2, kind: "status", status: 200, body });
  stage.plays(fixAndSubmit());
  await stage.untilShown(stage.labelled(), "opened #2");
});

test("one of ours that is open for the head already is adopted", async () => {
  stage = await setStage();
  const lost = {
    method: "POST",
    route: "/repos/{owner}/{repo}/pulls",
    kind: "resetAfter",
    times: 1,
  } as const;
  stage.github.fault(lost);
  stage.plays(fixAndSubmit());
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pulls(shop)).toHaveLength(1);
});

test("somebody else's for the same head ends the run as failed and is named", async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await pushFix()(agent);
    await stage.github.openPull(shop, { title: "Mine", head: agent.branch, author: "rita" });
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "failed");
  expect(stage.status(issue)).toMatch(/#2 of rita already proposes the branch/);
  expect(stage.github.pulls(shop)).toHaveLength(1);
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes", "confused"]);
});

test("a requester GitHub will not have as a reviewer hinders nothing", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const route = "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers";
  const message = "Reviews may only be requested from collaborators.";
  stage.github.fault({ method: "POST", route, kind: "status", status: 422, body: { message } });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2)?.reviewers).toEqual([]);
});

test("the agent hands in nonsense first and is told what is missing", async () => {
  stage = await setStage();
  const answers: unknown[] = [];
  stage.plays(async (agent) => {
    await pushFix()(agent);
    answers.push(await agent.custom("submit_pull_request", { title: 7 }));
    answers.push(await agent.custom("submit_pull_request", { title: "Fix", summary: "So." }));
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(answers).toEqual([
    { text: expect.stringContaining("needs a title and a summary"), isError: true },
    { text: expect.stringContaining("Received."), isError: false },
  ]);
  expect(stage.github.pull(shop, 2)?.title).toBe("Fix");
});

test("what has come into the base meanwhile is nothing to propose", async () => {
  stage = await setStage();
  stage.github.fault({
    ...{ method: "POST", route: "/repos/{owner}/{repo}/pulls", times: 1 },
    ...{ kind: "status", status: 422 },
    body: {
      message: "Validation Failed",
      errors: [{ resource: "PullRequest", code: "custom", message: "No commits between main and claude/x" }],
      documentation_url: "https://docs.github.com/rest/pulls/pulls#create-a-pull-request",
      status: "422",
    },
  });
  stage.plays(pushFix());
  const issue = stage.labelled();
  await stage.untilShown(issue, "no changes");
  expect(stage.github.pulls(shop)).toEqual([]);
});

test("nobody can be asked to review: the pull request is open all the same", async () => {
  stage = await setStage();
  stage.github.fault({
    ...{
      method: "POST",
      route: "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
      times: 1_000,
    },
    ...{ kind: "status", status: 403 },
    body: { message: "Resource not accessible by integration", status: "403" },
  });
  stage.plays(async (agent) => {
    await agent.wait(120_000);
    await pushFix()(agent);
  });
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2)?.reviewers).toEqual([]);
});
