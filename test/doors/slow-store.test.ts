/** A store that hangs: GitHub, which listens for ten seconds, is told to come again while it still does. */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { Secret } from "../../src/domain/secret.ts";
import { entrance } from "../../src/doors/entrance.ts";
import { type GitHubDoor, takeDelivery } from "../../src/doors/github.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { labelled } from "./payload.ts";

const secret = "a secret of many characters";
const body = Buffer.from(JSON.stringify(labelled()));
const headers: Record<string, string> = {
  "content-type": "application/json",
  "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  "x-github-event": "issues",
  "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
};

/** Knocks once; `append` is the store. Resolves with the seconds it took and the answer. */
async function knock(clock: VirtualClock, append: GitHubDoor["box"]["append"]) {
  const began = clock.now();
  const door: GitHubDoor = {
    config: { app: { id: 1, privateKey: new Secret(""), webhookSecrets: [new Secret(secret)] } },
    box: { append, load: async () => undefined },
    labels: { isForeign: () => false },
    hasRun: async () => false,
    pushed: async () => {},
    ...{ log: createLogger("silent"), warn: () => {}, metrics: createMetrics(), clock },
  };
  const answer = await takeDelivery(door, {
    header: (name) => headers[name],
    read: async () => ({ kind: "read", bytes: body }),
  });
  return { status: answer.status, afterMs: clock.now() - began };
}

test("a store that does not answer is waited for three seconds", async () => {
  const clock = new VirtualClock();
  const answering = knock(clock, () => new Promise(() => {}));
  let answered = false;
  void answering.then(() => {
    answered = true;
  });
  await clock.advance(2_900);
  expect(answered).toBe(false);
  await clock.advance(100);
  expect(await answering).toEqual({ status: 503, afterMs: 3_000 });
});

test("a store that answers just in time has the delivery acknowledged, and leaves no alarm behind", async () => {
  const clock = new VirtualClock();
  const answering = knock(
    clock,
    () => new Promise((resolve) => void clock.after(2_900, () => resolve("new"))),
  );
  await clock.advance(2_900);
  expect(await answering).toEqual({ status: 202, afterMs: 2_900 });
  expect(clock.next()).toBeUndefined();
});

test("what fails in the door is counted as the 500 that the server answers", async () => {
  const metrics = createMetrics();
  const broken = () => Promise.reject(new TypeError("our mistake"));
  const app = { id: 1, privateKey: new Secret(""), webhookSecrets: [new Secret(secret)] };
  // The cast: a delivery needs no more of what lies behind the door.
  const behind = {
    config: { app, server: {}, claude: {}, github: {} },
    box: { append: broken, load: async () => undefined },
    intake: { rulebook: {} },
    ...{ log: createLogger("silent"), metrics, clock: new VirtualClock() },
  } as unknown as Parameters<typeof entrance>[0];
  const knocking = entrance(behind).github({
    header: (name) => headers[name],
    read: async () => ({ kind: "read", bytes: body }),
  });
  await expect(knocking).rejects.toThrow("our mistake");
  const text = await metrics.text({ runs: {}, queued: 0, deliveriesWaiting: 0 }, 0);
  expect(text).toContain('patchwright_webhook_answers_total{door="github",status="500"} 1');
});
