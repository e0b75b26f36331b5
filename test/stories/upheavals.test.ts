/**
 * The installation's and the repository's life, each in the middle of a run at each state: the ending that the
 * manual's table names, no session at work, no token alive, nothing proposed afterwards.
 */
import { afterEach, expect, test } from "vitest";
import type { Script } from "../sim/claude/agent.ts";
import { fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";
import { aliveTokens } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const long: Script = async (agent) => {
  await pushFix()(agent);
  await agent.wait(3_600_000);
  await agent.custom("submit_pull_request", { title: "Fix", summary: "Fixed." });
};

/** What plays before something happens, and the state the run is in by then. */
const states: Record<string, { script: Script; shown: string }> = {
  working: { script: long, shown: "working" },
  waiting: {
    script: async (agent) => {
      await agent.custom("ask_maintainer", { question: "Which?" });
    },
    shown: "waiting for an answer",
  },
  held: { script: pushFix({ path: "CODEOWNERS", content: "* @rita\n" }), shown: "waiting for approval" },
  resting: { script: fixAndSubmit(), shown: "opened #2" },
};

/** Plays until the run is in `state`; its issue. */
async function reach(state: string, setting: Parameters<typeof setStage>[0] = {}): Promise<number> {
  const played = states[state];
  if (!played) throw new Error(`no state ${state}`);
  stage = await setStage(setting);
  stage.github.addOrganization("globex");
  stage.plays(played.script);
  const issue = stage.labelled();
  await stage.until("there is a session", () => stage.claude.sessions.length === 1);
  if (state === "working") await stage.pass(60_000);
  else await stage.untilShown(issue, played.shown);
  await stage.pass(10_000);
  return issue;
}

/** The endings of rounds so far, by the log: the database is the service's own while it runs. */
const endings = () =>
  stage.lines.filter(({ msg }) => msg === "round ended").map(({ ending }) => String(ending));
/** Has the run ended, with nothing of it at rest? */
const isEnded = (state: string) =>
  state === "resting" ? stage.lines.some(({ msg }) => msg === "run ended") : endings().length === 1;

/** Everything that ended is over: within half a minute nobody works, nothing is alive, nothing comes after. */
async function isOver({ pulls }: { pulls: number }): Promise<void> {
  const repository = stage.github.pulls(shop);
  expect(aliveTokens(stage)).toEqual([]);
  expect(stage.claude.sessions[0]?.status).not.toBe("running");
  await stage.pass(2 * 3_600_000);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  expect(repository).toHaveLength(pulls);
  expect(stage.github.pulls(shop)).toHaveLength(pulls);
}

const told: [what: string, act: () => unknown, why: string][] = [
  [
    "made public",
    () => stage.github.publicize(shop, { by: "rita" }),
    "by rita: the repository was made public",
  ],
  [
    "the issue locked",
    () => stage.github.lock(shop, 1, { locked: true, by: "rita" }),
    "by rita: issue locked",
  ],
];

test.each(
  told.flatMap(([what, act, why]) => ["working", "held"].map((state) => ({ what, act, why, state }))),
)("$what while $state: stopped, and told", async ({ act, why, state }) => {
  const issue = await reach(state);
  act();
  await stage.pass(30_000);
  expect(stage.headline(issue)).toContain("**stopped**");
  expect(stage.status(issue)).toContain(`Stopped ${why}.`);
  await isOver({ pulls: 0 });
});

test("made public while at rest: the session with what was private in it is closed; the pull request stays", async () => {
  const issue = await reach("resting");
  stage.github.publicize(shop, { by: "rita" });
  await stage.pass(30_000);
  expect(stage.status(issue)).toContain("the repository was made public.");
  expect(isEnded("resting")).toBe(true);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  expect(stage.github.pull(shop, 2).state).toBe("open");
});

test("a lock ends nothing that is at rest", async () => {
  const issue = await reach("resting");
  stage.github.lock(shop, 1, { locked: true, by: "rita" });
  await stage.pass(60_000);
  expect(stage.headline(issue)).toContain("**opened #2**");
  expect(isEnded("resting")).toBe(false);
});

test.each(["working", "waiting", "held"])(
  "suspended while %s: refused within seconds, and told when it is unsuspended",
  async (state) => {
    const issue = await reach(state);
    stage.github.suspend(stage.installation, "rita");
    await stage.pass(30_000);
    expect(endings()).toEqual(["refused"]);
    const asked = stage.github.log.length;
    await stage.pass(4 * 60_000);
    expect(stage.github.log.length - asked).toBeLessThanOrEqual(3);
    expect(stage.headline(issue)).not.toContain("**refused**");
    stage.github.unsuspend(stage.installation, "rita");
    await stage.pass(30_000);
    expect(stage.headline(issue)).toContain("**refused**");
    expect(stage.status(issue)).toContain("was suspended");
    await isOver({ pulls: 0 });
  },
);

test("suspended while at rest: the pull request is gone on with when it is over", async () => {
  const issue = await reach("resting");
  stage.github.suspend(stage.installation, "rita");
  await stage.pass(60_000);
  stage.github.unsuspend(stage.installation, "rita");
  stage.github.comment(shop, issue, { body: "/agent fix more", by: "mona" });
  await stage.pass(60_000);
  await stage.until("a second round ended", () => endings().length === 2);
  expect(endings()).toEqual(["opened", "opened"]);
});

test("a suspension that is over when its delivery comes stops nothing", async () => {
  const issue = await reach("working");
  stage.github.disturb({ kind: "delay", event: "installation", action: "suspend", ms: 5_000, times: 1 });
  stage.github.suspend(stage.installation, "rita");
  stage.github.unsuspend(stage.installation, "rita");
  await stage.untilShown(issue, "opened #2");
});

test.each(["working", "waiting", "held", "resting"])(
  "archived while %s: it ends, and is told when the repository is writable again",
  async (state) => {
    const issue = await reach(state);
    stage.github.archive(shop, { archived: true, by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(state)).toBe(true);
    stage.github.archive(shop, { archived: false, by: "rita" });
    await stage.pass(30_000);
    expect(stage.status(issue)).toContain("the repository was archived.");
    await isOver({ pulls: state === "resting" ? 1 : 0 });
  },
);

test.each(["working", "resting"])(
  "deleted while %s: it ends, and nobody is left to be told",
  async (state) => {
    await reach(state);
    stage.github.deleteRepository(shop, { by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(state)).toBe(true);
    expect(aliveTokens(stage)).toEqual([]);
    expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
    // The stage looks at it once more.
    expect(stage.lines.filter(({ level }) => level === "error")).toEqual([]);
  },
);

test.each(["working", "waiting", "held", "resting"])(
  "taken out of the installation while %s: refused, the session closed",
  async (state) => {
    await reach(state);
    await stage.github.addRepository({ owner: "acme", name: "till" });
    stage.github.select(stage.installation, shop, { isIn: false, by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(state)).toBe(true);
    if (state !== "resting") expect(endings()).toEqual(["refused"]);
    await isOver({ pulls: state === "resting" ? 1 : 0 });
  },
);

test.each(["working", "resting"])(
  "transferred to an account with the App while %s: it ends, and is told in the new place",
  async (state) => {
    const issue = await reach(state);
    stage.github.install("globex");
    stage.github.transfer(shop, { to: "globex", by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(state)).toBe(true);
    const words = stage.github.comments("globex/shop", issue).map(({ body }) => body);
    expect(words.join()).toContain("the repository was transferred.");
    expect(aliveTokens(stage)).toEqual([]);
    expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  },
);

test("transferred to an account without the App: refused at the next token, and no storm of calls", async () => {
  await reach("working");
  stage.github.transfer(shop, { to: "globex", by: "rita" });
  await stage.until("it has ended", () => endings().length === 1);
  expect(endings()[0]).toMatch(/refused|failed/);
  expect(aliveTokens(stage)).toEqual([]);
});

test.each(["working", "waiting", "held"])(
  "renamed while %s: the run goes on under the new name, by its ids",
  async (state) => {
    const issue = await reach(state);
    stage.github.rename(shop, "store", "rita");
    await stage.pass(10_000);
    const says = (body: string) => stage.github.comment("acme/store", issue, { body, by: "rita" });
    if (state === "waiting") says("The first one.");
    if (state === "held") {
      const head = await stage.github.branchHead("acme/store", `claude/${stage.claude.sessions[0]?.id}`);
      says(`/agent approve ${head}`);
      await stage.until("it opened", () => stage.github.pulls("acme/store").length === 1);
    }
    if (state === "working") {
      await stage.until("it opened", () => stage.github.pulls("acme/store").length === 1);
      // A new repository takes the old name; nothing of the run goes there.
      expect(stage.claude.gitOperations.every(({ status }) => status < 400)).toBe(true);
    }
    await stage.until("it ended", () => endings().length === 1);
    const last = stage.github.log
      .filter(({ method, path }) => method !== "GET" && /\/repos\//.test(path))
      .at(-1);
    expect(last?.path).toContain("/repos/acme/store/");
  },
);

test("the account renamed: its runs follow", async () => {
  await reach("working");
  stage.github.renameAccount("acme", "acme-inc");
  await stage.until("it opened", () => stage.github.pulls("acme-inc/shop").length === 1);
  expect(endings().length).toBeLessThanOrEqual(1);
});

test.each(["working", "held", "resting"])(
  "the issue transferred while %s: it ends, and the status goes along",
  async (state) => {
    const issue = await reach(state);
    await stage.github.addRepository({ owner: "acme", name: "till" });
    const number = stage.github.transferIssue(shop, issue, { to: "acme/till", by: "rita" });
    await stage.pass(30_000);
    const [status, ...others] = stage.github
      .comments("acme/till", number)
      .filter(({ body }) => /\*\*asked|asked ·/.test(body));
    expect(others).toEqual([]);
    expect(status?.body).toContain("issue transferred.");
    expect(isEnded(state)).toBe(true);
    await isOver({ pulls: state === "resting" ? 1 : 0 });
  },
);

test.each(["working", "resting"])("the issue deleted while %s: it ends quietly", async (state) => {
  const issue = await reach(state);
  stage.github.deleteIssue(shop, issue, { by: "rita" });
  await stage.pass(30_000);
  expect(isEnded(state)).toBe(true);
  await isOver({ pulls: state === "resting" ? 1 : 0 });
});

test("converted to a discussion: GitHub closes and locks the issue, and the run ends as with any closed one", async () => {
  const issue = await reach("working");
  stage.github.closeIssue(shop, issue, { by: "rita" });
  stage.github.lock(shop, issue, { locked: true, by: "rita" });
  await stage.pass(30_000);
  expect(stage.status(issue)).toContain("Stopped by rita: issue closed.");
  await isOver({ pulls: 0 });
});

test.each(["working", "held"])(
  "the default branch renamed while %s: the pull request goes to the new name",
  async (state) => {
    const issue = await reach(state);
    await stage.github.changeDefaultBranch(shop, { to: "trunk", by: "rita", rename: true });
    await stage.pass(10_000);
    if (state === "held") {
      const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
      stage.github.comment(shop, issue, { body: `/agent approve ${head}`, by: "rita" });
    }
    await stage.untilShown(issue, "opened #2");
    expect(stage.github.pull(shop, 2).base).toBe("trunk");
  },
);

test("the same, when the delivery is lost", async () => {
  const issue = await reach("working");
  stage.github.disturb({ kind: "lose", event: "repository", times: 1 });
  await stage.github.changeDefaultBranch(shop, { to: "trunk", by: "rita", rename: true });
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2).base).toBe("trunk");
});

test("another branch made the default: the run keeps to the one it was asked on", async () => {
  const issue = await reach("working");
  await stage.github.pushCommit(shop, "next", { files: { "next.txt": "next\n" }, by: "rita" });
  await stage.github.changeDefaultBranch(shop, { to: "next", by: "rita" });
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2).base).toBe("main");
});

test("permissions reduced: refused with what is missing, in few calls, and told when they are back", async () => {
  const issue = await reach("working");
  stage.github.setPermissions(stage.installation, { contents: "read", metadata: "read" }, "rita");
  await stage.until("it has ended", () => endings().length === 1);
  expect(endings()).toEqual(["refused"]);
  expect(stage.headline(issue)).not.toContain("**refused**");
  stage.github.setPermissions(stage.installation, stage.github.app.permissions, "rita");
  await stage.pass(60_000);
  expect(stage.headline(issue)).toContain("**refused**");
  await isOver({ pulls: 0 });
});
