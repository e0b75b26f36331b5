/**
 * Trouble on request: lost answers, late answers, deliveries that go astray. A test that relies on the
 * simulator to be nasty has to be able to rely on it.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "../sim/github/scene.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const shop = { owner: "acme", repo: "shop" };
const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
let clock: VirtualClock;
let scene: Scene;
let number: number;

beforeEach(async () => {
  clock = new VirtualClock();
  scene = await openScene({ clock });
  number = scene.sim.openIssue("acme/shop", { title: "Trouble", author: "mona" });
  await scene.settled();
  scene.received.length = 0;
});

afterEach(async () => {
  await scene.settled();
  expect(scene.sim.busy()).toBe(0);
  await scene.stop();
});

async function comment(body = "hi"): Promise<number> {
  const { octokit } = await scene.token();
  return (await octokit.rest.issues.createComment({ ...shop, issue_number: number, body })).status;
}

const said = () => scene.sim.comments("acme/shop", number).length;

test("a reset before the effect leaves nothing, one after it leaves the comment", async () => {
  const { sim } = scene;
  sim.fault({ method: "POST", route: comments, kind: "resetBefore", times: 1 });
  await expect(comment()).rejects.toMatchObject({ status: 500 });
  expect(said()).toBe(0);
  sim.fault({ method: "POST", route: comments, kind: "resetAfter", times: 1 });
  await expect(comment()).rejects.toMatchObject({ status: 500 });
  expect(said()).toBe(1);
  expect(await comment()).toBe(201);
});

test("a status with headers, only for the nth request, until healed", async () => {
  const { sim } = scene;
  sim.fault({
    route: comments,
    nth: 2,
    kind: "status",
    status: 502,
    headers: { "retry-after": "7" },
    body: "<html>Unicorn!</html>",
  });
  expect(await comment()).toBe(201);
  await expect(comment()).rejects.toMatchObject({
    status: 502,
    response: { headers: { "retry-after": "7" } },
  });
  expect(await comment()).toBe(201);
  const off = sim.fault({ kind: "status", status: 503 });
  await expect(comment()).rejects.toMatchObject({ status: 503 });
  off();
  sim.fault({ kind: "status", status: 503 });
  sim.heal();
  expect(await comment()).toBe(201);
});

test("a slow answer waits for the clock and is not busy meanwhile", async () => {
  const { sim } = scene;
  sim.fault({ route: comments, kind: "latency", ms: 30_000, times: 1 });
  const answer = comment();
  await expect.poll(() => clock.next()).toBeDefined();
  expect(sim.busy()).toBe(0);
  expect(said()).toBe(0);
  await clock.advance(30_000);
  expect(await answer).toBe(201);
});

test("an observer sees both sides of the effect and may cut on either", async () => {
  const { sim } = scene;
  const seen: string[] = [];
  const off = sim.onRequest((phase, record) => {
    if (record.route !== comments) return undefined;
    seen.push(`${phase} ${said()} ${record.status}`);
    return seen.length === 1 || seen.length === 3 ? "cut" : undefined;
  });
  await expect(comment()).rejects.toMatchObject({ status: 500 });
  await expect(comment()).rejects.toMatchObject({ status: 500 });
  off();
  expect(await comment()).toBe(201);
  expect(seen).toEqual(["before 0 0", "before 0 0", "after 1 201"]);
});

test("deliveries are dropped, lost, doubled, delayed, reordered or forged", async () => {
  const { sim, received } = scene;
  const say = (body: string) => sim.comment("acme/shop", number, { body, by: "mona" });
  sim.disturb({ event: "issue_comment", kind: "lose", times: 1 });
  sim.disturb({ event: "issue_comment", kind: "drop", times: 1 });
  sim.disturb({ event: "issue_comment", kind: "duplicate", copies: 2, times: 1 });
  sim.disturb({ event: "issue_comment", kind: "wrongSecret", times: 1 });
  sim.disturb({ event: "issue_comment", kind: "delay", ms: 5000, times: 1 });
  sim.disturb({ event: "issue_comment", kind: "reorder", times: 1 });
  for (const body of ["lost", "dropped", "thrice", "forged", "late", "second", "first"]) say(body);
  await scene.settled();
  const bodies = received.map((each) => (each.payload["comment"] as { body: string }).body);
  expect(bodies.filter((body) => body === "thrice")).toHaveLength(3);
  expect(new Set(bodies)).toEqual(new Set(["thrice", "forged", "first", "second"]));
  expect(received.filter((each) => !each.isSigned)).toHaveLength(1);
  await clock.advance(5000);
  await scene.settled();
  expect(received.map((each) => (each.payload["comment"] as { body: string }).body)).toContain("late");
  const { data } = await scene.app.rest.apps.listWebhookDeliveries({
    status: "failure",
    per_page: 100,
  } as never);
  expect(data.map((each) => each.status_code)).toEqual([502]);
  const again = await sim.redeliver(data[0]?.guid ?? "");
  expect(again).toMatchObject({ statusCode: 202, redelivery: true });
});

test("a receiver that fails is noted and never asked again", async () => {
  const { sim, received, answers } = scene;
  answers.push(500);
  sim.label("acme/shop", number, { label: "agent", by: "mona" });
  await scene.settled();
  expect(received).toHaveLength(1);
  expect(sim.deliveries.at(-1)).toMatchObject({ statusCode: 500, responseBody: "noted" });
  await clock.advance(3_600_000);
  expect(received).toHaveLength(1);
});

test("deliveries older than three days are forgotten", async () => {
  const before = await scene.app.rest.apps.listWebhookDeliveries();
  expect(before.data.length).toBeGreaterThan(0);
  await clock.advance(3 * 24 * 3_600_000 + 1);
  expect((await scene.app.rest.apps.listWebhookDeliveries()).data).toEqual([]);
});
