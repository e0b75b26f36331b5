/**
 * Three days of silence and ten thousand missed deliveries: the real sweep against GitHub's delivery log,
 * with the inbox and without the runs, which other stories tell of.
 */
import { randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import type { GitHubSim } from "../sim/github/github.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { setCaretaker } from "./caretaker.ts";

const hourMs = 3_600_000;
const shop = "acme/shop";
const details = "/app/hook/deliveries/{delivery_id}";
let github: GitHubSim;
afterEach(() => github.stop());

async function setUp(clock: VirtualClock) {
  const caretaker = await setCaretaker(clock);
  github = caretaker.github;
  return caretaker;
}

test("72 hours and 10,000 missed deliveries are recovered once, within the budget of calls", async () => {
  const clock = new VirtualClock();
  const { round, rows, issues } = await setUp(clock);
  await round();
  const missed = 10_000;
  for (let hour = 0; hour < 72; hour += 1) {
    await clock.advance(hourMs - 10_000);
    for (
      let place = Math.floor((hour * missed) / 72);
      place < Math.floor(((hour + 1) * missed) / 72);
      place += 1
    ) {
      const issue = github.openIssue(shop, {
        title: `Bug ${randomBytes(4).toString("hex")}`,
        author: "mona",
      });
      github.label(shop, issue, { label: "agent", by: "mona" });
    }
  }
  const before = github.log.length;
  await round();
  const calls = github.log.slice(before).filter(({ route }) => route.startsWith("/app/hook/deliveries"));
  const found = await rows();
  expect([found.length, await issues()]).toEqual([missed, missed]);
  expect(calls.length).toBeLessThanOrEqual(1.1 * (missed / 100 + missed));
  const again = github.log.length;
  await round();
  expect(github.log.length - again).toBeLessThanOrEqual(5);
  expect((await rows()).length).toBe(missed);
}, 240_000);

test("GitHub being unwell for a while loses nothing; a label whose payload it has forgotten is found on its issue", async () => {
  const clock = new VirtualClock();
  const { round, rows, issues } = await setUp(clock);
  await round();
  for (let place = 0; place < 12; place += 1)
    github.openIssue(shop, { title: "Bug", author: "mona", labels: ["agent"] });
  github.fault({ route: details, times: 1, kind: "status", status: 404 });
  github.fault({ route: details, times: 9, kind: "status", status: 502 });
  github.fault({ route: "/app/hook/deliveries", times: 1, kind: "status", status: 503 });
  await round();
  expect(await issues()).toBe(12);
  const { length } = await rows();
  await clock.advance(hourMs);
  await round();
  expect((await rows()).length).toBe(length);
});

test("four deliveries of one look that cannot be read keep none of the others lost", async () => {
  const clock = new VirtualClock();
  const { round, rows, issues } = await setUp(clock);
  await round();
  for (let place = 0; place < 9; place += 1)
    github.openIssue(shop, { title: "Bug", author: "mona", labels: ["agent"] });
  github.fault({ route: details, times: 4, kind: "status", status: 404 });
  await round();
  const read = (await rows()).filter(({ id }) => !id.startsWith("labeled-"));
  expect([read.length, await issues()]).toEqual([5, 9]);
});

test("GitHub being away for hours after its log was read loses nothing that it holds", async () => {
  const clock = new VirtualClock();
  const { round, rows } = await setUp(clock);
  await round();
  const issue = github.openIssue(shop, { title: "Bug", author: "mona" });
  for (let place = 0; place < 6; place += 1)
    github.comment(shop, issue, { body: `/agent fix ${place}`, by: "mona" });
  github.fault({ route: details, kind: "status", status: 502 });
  clock.after(hourMs / 6, () => github.fault({ kind: "status", status: 503 }));
  clock.after(2 * hourMs, () => github.heal());
  await round();
  const said = (await rows()).flatMap(({ body }) => {
    const { comment } = JSON.parse(body) as { comment?: { body: string } };
    return comment ? [comment.body] : [];
  });
  expect(said.toSorted()).toEqual([0, 1, 2, 3, 4, 5].map((place) => `/agent fix ${place}`));
});

test("a delivery that alone cannot be read is given up after twenty turns", async () => {
  const clock = new VirtualClock();
  const { round, rows } = await setUp(clock);
  const issue = github.openIssue(shop, { title: "Bug", author: "mona" });
  await round();
  const { length } = await rows();
  github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  // Every other call: by the calls between the caretaker tells that GitHub is well. None counts those an earlier one met.
  for (let turn = 1; turn <= 20; turn += 1)
    github.fault({ route: details, nth: turn, kind: "status", status: 502 });
  const before = clock.now();
  await round();
  expect([(await rows()).length, clock.now() - before]).toEqual([length, 20 * 60_000]);
});

test("of 1,600 missed deliveries whose payloads GitHub has forgotten each is asked for once, and the pass ends", async () => {
  const clock = new VirtualClock();
  const { round } = await setUp(clock);
  const issue = github.openIssue(shop, { title: "Bug", author: "mona" });
  await round();
  for (let place = 0; place < 1_600; place += 1)
    github.comment(shop, issue, { body: "/agent fix", by: "mona" });
  github.fault({ route: details, kind: "status", status: 404 });
  const asked = () => github.log.filter(({ route }) => route === details).length;
  const before = asked();
  for (let pass = 0; pass < 3; pass += 1) {
    await round();
    expect(asked() - before).toBe(1_600);
    await clock.advance(300_000);
  }
}, 240_000);
