/**
 * The installation's and the repository's life, each in the middle of a run at each state: the ending that the
 * manual's table names, no session at work, no token alive, nothing proposed afterwards.
 */
import { afterEach, expect, test } from "vitest";
import { aliveTokens } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";
import { endings, isEnded, isOver, reach } from "./upheaval-states.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Plays until the run is in `state`; its issue. */
async function begin(state: string): Promise<number> {
  const begun = await reach(state);
  stage = begun.stage;
  return begun.issue;
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
  const issue = await begin(state);
  act();
  await stage.pass(30_000);
  expect(stage.headline(issue)).toContain("**stopped**");
  expect(stage.status(issue)).toContain(`Stopped ${why}.`);
  await isOver(stage, { pulls: 0 });
});

test("made public while at rest: the session with what was private in it is closed; the pull request stays", async () => {
  const issue = await begin("resting");
  stage.github.publicize(shop, { by: "rita" });
  await stage.pass(30_000);
  expect(stage.status(issue)).toContain("the repository was made public.");
  expect(isEnded(stage, "resting")).toBe(true);
  expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  expect(stage.github.pull(shop, 2).state).toBe("open");
});

test("a lock ends nothing that is at rest", async () => {
  const issue = await begin("resting");
  stage.github.lock(shop, 1, { locked: true, by: "rita" });
  await stage.pass(60_000);
  expect(stage.headline(issue)).toContain("**opened #2**");
  expect(isEnded(stage, "resting")).toBe(false);
});

test.each(["working", "waiting", "held"])(
  "suspended while %s: refused within seconds, and told when it is unsuspended",
  async (state) => {
    const issue = await begin(state);
    stage.github.suspend(stage.installation, "rita");
    await stage.pass(30_000);
    expect(endings(stage)).toEqual(["refused"]);
    const asked = stage.github.log.length;
    await stage.pass(4 * 60_000);
    expect(stage.github.log.length - asked).toBeLessThanOrEqual(3);
    expect(stage.headline(issue)).not.toContain("**refused**");
    stage.github.unsuspend(stage.installation, "rita");
    await stage.pass(30_000);
    expect(stage.headline(issue)).toContain("**refused**");
    expect(stage.status(issue)).toContain("was suspended");
    await isOver(stage, { pulls: 0 });
  },
);

test("suspended while at rest: the pull request is gone on with when it is over", async () => {
  const issue = await begin("resting");
  stage.github.suspend(stage.installation, "rita");
  await stage.pass(60_000);
  stage.github.unsuspend(stage.installation, "rita");
  stage.github.comment(shop, issue, { body: "/agent fix more", by: "mona" });
  await stage.pass(60_000);
  await stage.until("a second round ended", () => endings(stage).length === 2);
  expect(endings(stage)).toEqual(["opened", "opened"]);
});

test("a suspension that is over when its delivery comes stops nothing", async () => {
  const issue = await begin("working");
  stage.github.disturb({ kind: "delay", event: "installation", action: "suspend", ms: 5_000, times: 1 });
  stage.github.suspend(stage.installation, "rita");
  stage.github.unsuspend(stage.installation, "rita");
  await stage.untilShown(issue, "opened #2");
});

test.each(["working", "waiting", "held", "resting"])(
  "archived while %s: it ends, and is told when the repository is writable again",
  async (state) => {
    const issue = await begin(state);
    stage.github.archive(shop, { archived: true, by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(stage, state)).toBe(true);
    stage.github.archive(shop, { archived: false, by: "rita" });
    await stage.pass(30_000);
    expect(stage.status(issue)).toContain("the repository was archived.");
    await isOver(stage, { pulls: state === "resting" ? 1 : 0 });
  },
);

test.each(["working", "resting"])(
  "deleted while %s: it ends, and nobody is left to be told",
  async (state) => {
    await begin(state);
    stage.github.deleteRepository(shop, { by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(stage, state)).toBe(true);
    expect(aliveTokens(stage)).toEqual([]);
    expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
    // The stage looks at it once more.
    expect(stage.lines.filter(({ level }) => level === "error")).toEqual([]);
  },
);

test.each(["working", "waiting", "held", "resting"])(
  "taken out of the installation while %s: refused, the session closed",
  async (state) => {
    await begin(state);
    await stage.github.addRepository({ owner: "acme", name: "till" });
    stage.github.select(stage.installation, shop, { isIn: false, by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(stage, state)).toBe(true);
    if (state !== "resting") expect(endings(stage)).toEqual(["refused"]);
    await isOver(stage, { pulls: state === "resting" ? 1 : 0 });
  },
);

test.each(["working", "resting"])(
  "transferred to an account with the App while %s: it ends, and is told in the new place",
  async (state) => {
    const issue = await begin(state);
    stage.github.install("globex");
    stage.github.transfer(shop, { to: "globex", by: "rita" });
    await stage.pass(30_000);
    expect(isEnded(stage, state)).toBe(true);
    const words = stage.github.comments("globex/shop", issue).map(({ body }) => body);
    expect(words.join()).toContain("the repository was transferred.");
    expect(aliveTokens(stage)).toEqual([]);
    expect(stage.claude.sessions[0]?.archivedAt).not.toBeNull();
  },
);

test("transferred to an account without the App: refused at the next token, and no storm of calls", async () => {
  await begin("working");
  stage.github.transfer(shop, { to: "globex", by: "rita" });
  await stage.until("it has ended", () => endings(stage).length === 1);
  expect(endings(stage)[0]).toMatch(/refused|failed/);
  expect(aliveTokens(stage)).toEqual([]);
});

test.each(["working", "waiting", "held"])(
  "renamed while %s: the run goes on under the new name, by its ids",
  async (state) => {
    const issue = await begin(state);
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
    await stage.until("it ended", () => endings(stage).length === 1);
    const last = stage.github.log
      .filter(({ method, path }) => method !== "GET" && /\/repos\//.test(path))
      .at(-1);
    expect(last?.path).toContain("/repos/acme/store/");
  },
);

test("the account renamed: its runs follow", async () => {
  await begin("working");
  stage.github.renameAccount("acme", "acme-inc");
  await stage.until("it opened", () => stage.github.pulls("acme-inc/shop").length === 1);
  expect(endings(stage).length).toBeLessThanOrEqual(1);
});

test("archived and back before the run began: word of it, fetched by the caretaker, stops nothing", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_SWEEP_MS: "300000" } });
  stage.plays((agent) => agent.wait(3_600_000));
  await stage.pass(400_000);
  stage.github.disturb({ event: "repository", action: "archived", times: 1, kind: "drop" });
  stage.github.archive(shop, { archived: true, by: "rita" });
  await stage.pass(10_000);
  stage.github.archive(shop, { archived: false, by: "rita" });
  await stage.pass(10_000);
  const issue = stage.labelled();
  await stage.untilShown(issue, "working");
  await stage.pass(15 * 60_000);
  expect(stage.headline(issue)).toContain("**working");
});
