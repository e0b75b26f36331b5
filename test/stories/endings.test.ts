/** Every way in which a session can end without a pull request, and the words people get. */
import { afterEach, expect, test } from "vitest";
import type { Agent, Script, SessionError } from "../sim/claude/agent.ts";
import { pushFix } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Plays a script to the ending it must have. */
async function endsAs(state: string, script: Script, setting = {}): Promise<number> {
  stage = await setStage(setting);
  stage.plays(script);
  const issue = stage.labelled();
  await stage.untilShown(issue, state);
  return issue;
}

test("nothing was pushed: no changes, with the agent's last words", async () => {
  const issue = await endsAs("no changes", (agent) => agent.say("The code is right; @otto's test is wrong."));
  expect(stage.status(issue)).toContain("> The code is right; `@otto`'s test is wrong.");
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes"]);
  expect(stage.github.pulls(shop)).toEqual([]);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});

test("a branch without the base's history fails, and says so", async () => {
  const issue = await endsAs("failed", async (agent) => {
    await agent.bash("git checkout --quiet --orphan anew");
    await agent.commit("Start over");
    await agent.push();
  });
  expect(stage.status(issue)).toMatch(/`claude\/\S+` has no history in common with `main`.*`\/agent retry`/);
});

test("a branch that comes to nothing in the end is no changes too", async () => {
  await endsAs("no changes", async (agent) => {
    await agent.write("a.txt", "a\n");
    await agent.commit("Add a");
    await agent.bash("git rm -q a.txt");
    await agent.commit("Remove a");
    await agent.push();
  });
  expect(stage.github.pulls(shop)).toEqual([]);
});

const stops: [string, (agent: Agent) => Promise<unknown>, RegExp][] = [
  [
    "the model refuses",
    async (agent) => agent.refuse(),
    /The model declined this request\. Rephrase the issue/,
  ],
  ["retries are exhausted", (agent) => agent.exhaustRetries(), /could not be reached after several attempts/],
  [
    "the session is terminated",
    async (agent) => agent.terminate(),
    /session ended unexpectedly\. `\/agent retry`/,
  ],
  [
    "it is terminated while a call waits for its answer",
    async (agent) => {
      stage.claude.webhooks.faults.drop = ["*"];
      stage.clock.after(1_000, () => agent.session.terminate());
      await agent.custom("submit_pull_request", { title: "Fix", summary: "Fixed." });
    },
    /session ended unexpectedly/,
  ],
  [
    "it is terminated after a push",
    async (agent) => {
      await pushFix()(agent);
      agent.terminate();
    },
    /stays on the branch `claude\/sesn_\w+`/,
  ],
];

test.each(stops)("%s: failed, with a remedy", async (_what, script, words) => {
  const issue = await endsAs("failed", async (agent) => void (await script(agent)));
  expect(stage.status(issue)).toMatch(words);
  expect(stage.github.reactions(shop, issue)).toEqual(["eyes", "confused"]);
  expect(stage.github.pulls(shop)).toEqual([]);
  expect(
    stage.claude.sessions[0]?.status === "terminated" || stage.claude.sessions[0]?.archivedAt,
  ).toBeTruthy();
});

const troubles: [SessionError["type"], RegExp][] = [
  ["repository_authentication_error", /did not accept the token/],
  ["repository_forbidden_error", /GitHub forbids it\. Check that the App may write/],
  ["repository_not_found_error", /it was not found\. Check that the App is installed/],
  ["repository_checkout_error", /base branch could not be checked out\. Check the `base`/],
  ["repository_clone_error", /could not be mounted in the session\. `\/agent retry`/],
  ["billing_error", /billing problem\. The operator/],
];

test.each(troubles)("%s ends the run as failed, whatever its retry status says", async (type, words) => {
  const issue = await endsAs("failed", async (agent) => {
    const error = { type, message: "trouble", repository_url: "", retry_status: { type: "retrying" } };
    await agent.error(error as SessionError);
    await agent.wait(3_600_000);
  });
  expect(stage.status(issue)).toMatch(words);
});

test("an error that passes ends nothing", async () => {
  await endsAs("opened #2", async (agent) => {
    const retry_status = { type: "retrying" } as const;
    await agent.error({ type: "model_overloaded_error", message: "busy", retry_status });
    await agent.reschedule(60_000);
    await pushFix()(agent);
  });
});

test("a clone that really fails is found out", async () => {
  stage = await setStage({ allows: ["git without a token"] });
  stage.github.fault({ route: "git-upload-pack", kind: "status", status: 404 });
  const issue = stage.labelled();
  await stage.untilShown(issue, "failed");
  expect(stage.status(issue)).toContain("The repository could not be mounted in the session");
});

test("a refused API key is the operator's to mend", async () => {
  stage = await setStage();
  stage.claude.fault({ on: "POST /v1/sessions", trouble: { kind: "status", status: 401 } });
  const issue = stage.labelled();
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toContain("Its operator can replace ANTHROPIC_API_KEY.");
});

test("an App without its permissions is told who can grant them", async () => {
  stage = await setStage();
  const permissions = {
    metadata: "read",
    issues: "write",
    pull_requests: "write",
    contents: "read",
  } as const;
  stage.github.setPermissions(stage.installation, permissions, "mona");
  const issue = stage.labelled();
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toContain("The App may not write to this repository");
  expect(stage.claude.sessions).toEqual([]);
});

test("a suspended installation ends the run quietly and at once", async () => {
  stage = await setStage({ allows: ["lost token"] });
  stage.plays((agent) => agent.wait(3_600_000));
  const issue = stage.labelled();
  await stage.until("the comment is there", () => stage.status(issue) !== "");
  stage.github.suspend(stage.installation, "mona");
  await stage.until(
    "the run has ended",
    () => stage.lines.some(({ msg }) => msg === "round ended"),
    3_600_000,
  );
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
});

test("nobody is left waiting: the platform is down for an hour, then the run goes on", async () => {
  stage = await setStage();
  stage.plays(pushFix());
  const down = stage.claude.fault({ on: "*", times: 1e6, trouble: { kind: "status", status: 529 } });
  const issue = stage.labelled();
  await stage.pass(3_600_000);
  down();
  await stage.untilShown(issue, "opened #2");
  expect(stage.claude.sessions).toHaveLength(1);
});
