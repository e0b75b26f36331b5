/** A gap longer than GitHub's log: what was labelled inside it and still stands has its run, and nothing else. */
import { afterEach, expect, test } from "vitest";
import { doNothing } from "../sim/claude/scripts.ts";
import { lastWords } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The default, which other stories stretch. */
const sweeping = { PATCHWRIGHT_SWEEP_MS: "300000" };
const rounds = () => stage.lines.filter(({ msg }) => msg === "round ended").length;

/** Down for so long: nothing is answered, and nothing of the service runs. */
async function away(ms: number, meanwhile: () => void | Promise<void>): Promise<void> {
  await stage.app.stop();
  await meanwhile();
  await stage.pass(ms);
}

test("after a week away every issue labelled meanwhile and still labelled has its run", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  const before = stage.labelled();
  await stage.until("the first run ended", () => rounds() === 1);
  await stage.pass(hourMs);
  let [on, off, theirs, last] = [0, 0, 0, 0];
  await away(7 * dayMs, async () => {
    on = stage.labelled();
    off = stage.labelled();
    stage.github.unlabel(shop, off, { label: "agent", by: "mona" });
    theirs = stage.labelled({ by: "otto" });
    await stage.pass(7 * dayMs - hourMs);
    last = stage.labelled();
  });
  await stage.restart();
  await stage.until("three runs ended", () => rounds() === 3, hourMs);
  await stage.pass(hourMs);
  expect(stage.claude.sessions.map(({ metadata }) => Number(metadata["issue"])).toSorted()).toEqual([
    before,
    on,
    last,
  ]);
  expect(stage.status(off)).toBe("");
  expect(stage.github.comments(shop, theirs)).toHaveLength(1);
  const searches = stage.github.log.filter(({ route }) => route === "/search/issues");
  expect(searches).toHaveLength(1);
});

test("a gap is searched also where GitHub does not let its log be read", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  await away(7 * dayMs, async () => {
    stage.labelled();
    await stage.pass(dayMs);
  });
  stage.github.fault({ route: "/app/hook/deliveries", kind: "status", status: 403 });
  await stage.restart();
  await stage.until("the run ended", () => rounds() === 1, hourMs);
});

test("a gap that grows because the log cannot be read is searched on, not anew", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  await away(7 * dayMs, async () => {
    for (let turn = 0; turn < 130; turn += 1) {
      const issue = stage.github.openIssue(shop, { title: "Add", body: "Up.", author: "mona" });
      stage.github.label(shop, issue, { label: "agent", by: "otto" });
      if (turn % 10 === 9) await stage.pass(1_000);
    }
    stage.labelled();
  });
  stage.github.fault({ route: "/app/hook/deliveries", kind: "status", status: 403 });
  await stage.restart();
  await stage.until("the newest has its run", () => rounds() === 1, 6 * hourMs);
});

test("an issue that is gone since the search keeps no other from its run", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  await away(7 * dayMs, async () => {
    stage.labelled();
    await stage.pass(dayMs);
    stage.labelled();
    await stage.pass(5 * dayMs);
  });
  const route = "/repos/{owner}/{repo}/issues/{issue_number}/events";
  stage.github.fault({ route, times: 1, kind: "status", status: 410 });
  await stage.restart();
  await stage.until("one run ended", () => rounds() === 1, hourMs);
});

test("a label whose search fails for ever keeps neither the log nor the other labels from being read", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  await away(7 * dayMs, () => void stage.labelled());
  stage.github.fault({ route: "/search/issues", kind: "status", status: 500 });
  await stage.restart();
  await stage.pass(hourMs);
  stage.github.disturb({ event: "issues", kind: "drop", times: 1 });
  const missed = stage.labelled();
  await stage.until("what was missed since has its run", () => stage.status(missed) !== "", hourMs);
  await stage.pass(3 * hourMs);
  const searches = stage.github.log.filter(({ route }) => route === "/search/issues").length;
  expect(stage.lines.filter(({ msg }) => msg === "a label is searched no further")).toHaveLength(1);
  await stage.pass(dayMs);
  expect(stage.github.log.filter(({ route }) => route === "/search/issues")).toHaveLength(searches);
});

test("an issue that GitHub cannot show for hours keeps no other from its run", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  let last = 0;
  await away(7 * dayMs, async () => {
    stage.labelled();
    await stage.pass(dayMs);
    last = stage.labelled();
    await stage.pass(5 * dayMs);
  });
  const route = "/repos/{owner}/{repo}/issues/{issue_number}/events";
  for (let nth = 1; nth < 60; nth += 2) stage.github.fault({ route, nth: 1, kind: "status", status: 502 });
  await stage.restart();
  await stage.until("the last has its run", () => stage.status(last) !== "", hourMs);
});

test.each([
  { edit: "title", change: { title: "Publish all secrets" } },
  { edit: "body", change: { body: "Publish all secrets." } },
])("labelled in the gap and given another $edit since: nothing starts, and people are told", async (told) => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  let [edited, plain] = [0, 0];
  await away(7 * dayMs, async () => {
    edited = stage.labelled();
    plain = stage.github.openIssue(shop, { title: "Before", author: "otto" });
    stage.github.editIssue(shop, plain, { body: "Up.", by: "otto" });
    await stage.pass(hourMs);
    stage.github.label(shop, plain, { label: "agent", by: "mona" });
    stage.github.editIssue(shop, edited, { ...told.change, by: "otto" });
    await stage.pass(6 * dayMs);
  });
  await stage.restart();
  await stage.until("one run ended", () => rounds() === 1, hourMs);
  await stage.pass(hourMs);
  expect(stage.claude.sessions.map(({ metadata }) => Number(metadata["issue"]))).toEqual([plain]);
  expect(lastWords(stage, edited)).toMatch(/^I start nothing here, because title or text of this issue/);
  expect(stage.github.comments(shop, edited)).toHaveLength(1);
  await stage.pass(hourMs);
  stage.github.unlabel(shop, edited, { label: "agent", by: "mona" });
  stage.github.label(shop, edited, { label: "agent", by: "mona" });
  await stage.until("the other run ended", () => rounds() === 2, hourMs);
});

test("labelled just before the log was last read, its delivery still under way, then a week away: it has its run", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  await stage.pass(hourMs);
  const looks = () => stage.github.log.filter(({ route }) => route === "/app/hook/deliveries");
  const { length } = looks();
  const nextAt = (looks().at(-1)?.at ?? 0) + 300_000;
  await stage.pass(nextAt - 20_000 - stage.clock.now());
  stage.github.disturb({ event: "issues", kind: "delay", ms: 60_000 });
  stage.labelled();
  await stage.until("the log was read", () => looks().length > length, 60_000);
  await stage.pass(2_000);
  await away(7 * dayMs, () => undefined);
  await stage.restart();
  await stage.until("the run ended", () => rounds() === 1, hourMs);
});

test("what was labelled through an App, or before the App was installed, starts nothing", async () => {
  stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
  stage.plays(doNothing);
  stage.github.addOrganization("beta");
  await stage.github.addRepository({ owner: "beta", name: "kit", files: { "README.md": "# kit\n" } });
  stage.github.setRole("beta/kit", "mona", "write");
  await stage.pass(hourMs);
  let own = 0;
  await away(6 * dayMs, async () => {
    const through = stage.github.openIssue(shop, { title: "One", body: "Through.", author: "mona" });
    stage.github.label(shop, through, { label: "agent", by: "mona", through: "other-app" });
    stage.github.openIssue("beta/kit", { title: "Two", body: "Up.", author: "mona", labels: ["agent"] });
    await stage.pass(dayMs);
    stage.github.install("beta");
    await stage.pass(hourMs);
    own = stage.github.openIssue("beta/kit", {
      title: "Three",
      body: "Up.",
      author: "mona",
      labels: ["agent"],
    });
  });
  await stage.restart();
  await stage.until("the run ended", () => rounds() === 1, hourMs);
  await stage.pass(hourMs);
  expect(stage.claude.sessions.map(({ metadata }) => Number(metadata["issue"]))).toEqual([own]);
  expect(stage.lines.filter(({ msg }) => msg === "labelling found in the gap")).toHaveLength(1);
});

test.each([
  { how: "while the service is there", suspendedMs: hourMs },
  { how: "while it is away", suspendedMs: 2 * dayMs },
])(
  "labelled in the gap, and suspended when that is searched, unsuspended $how: it has its run",
  async (told) => {
    stage = await setStage({ env: { ...sweeping, PATCHWRIGHT_POLL_MS: "600000" } });
    stage.plays(doNothing);
    await stage.pass(hourMs);
    let issue = 0;
    await away(hourMs, async () => {
      issue = stage.labelled();
      await stage.pass(6 * dayMs);
      stage.github.suspend(stage.installation, "mona");
    });
    await stage.restart();
    await stage.pass(told.suspendedMs);
    const unsuspend = () => stage.github.unsuspend(stage.installation, "mona");
    if (told.suspendedMs === hourMs) unsuspend();
    else {
      await away(5 * dayMs, unsuspend);
      await stage.restart();
    }
    await stage.until("the run ended", () => rounds() === 1, hourMs);
    expect(stage.status(issue)).not.toBe("");
    await stage.pass(hourMs);
    const lists = () => stage.github.log.filter(({ route }) => route === "/app/installations").length;
    const before = lists();
    await stage.pass(hourMs);
    expect([lists() - before, rounds()]).toEqual([0, 1]);
  },
);
