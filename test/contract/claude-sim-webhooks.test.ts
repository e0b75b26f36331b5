/**
 * The simulated platform's webhooks, verified by the real SDK: signature, retries, and every way
 * in which they may be lost, late, doubled or out of order.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import Anthropic from "@anthropic-ai/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { type Rehearsal, rehearse } from "../sim/claude/rehearsal.ts";
import { signWebhook } from "../sim/claude/webhooks.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

let r: Rehearsal;
let clock: VirtualClock;
let server: Server;
let received: { body: string; headers: Record<string, string> }[];
let statuses: number[];
beforeEach(async () => {
  clock = new VirtualClock();
  [received, statuses] = [[], []];
  server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ body, headers: request.headers as Record<string, string> });
      response.writeHead(statuses.shift() ?? 204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const webhook = { url: `http://127.0.0.1:${port}/hook`, secret, clock: systemClock };
  r = await rehearse({ clock, webhook, heartbeatMs: 0 });
});
afterEach(async () => {
  await r.stop();
  server.close();
});

const types = () =>
  received.map(({ body, headers }) => {
    const { data } = r.client.beta.webhooks.unwrap(body, { headers, key: secret });
    return data.type;
  });

async function turn(): Promise<string> {
  const { id } = await r.open({ resources: [] });
  await r.tell(id, "go");
  await r.settled();
  return id;
}

test("the documented vector is reproduced", () => {
  const data = {
    type: "session.status_idled" as const,
    id: "sesn_011CZkZAtmR3yMPDzynEDxu7",
    organization_id: "8a3d2f1e-0000-4000-8000-000000000001",
    workspace_id: "wrkspc_011CZkZExample",
  };
  const id = "whe_011CZkZExampleDelivery01";
  const signed = signWebhook(
    { type: "event", id, created_at: "2026-11-22T12:00:00Z", data },
    secret,
    1795348800,
  );
  expect(signed.headers["webhook-signature"]).toBe("v1,2PgmohBorZt67KcjpwdV/P+3lg7ukPX8lAWI88lKBtE=");
});

test("a session's news arrive signed and thin", async () => {
  const id = await turn();
  await r.client.beta.sessions.update(id, { title: "new" });
  await r.client.beta.sessions.archive(id);
  await r.client.beta.sessions.delete(id);
  await r.settled();
  expect(types()).toEqual([
    "session.status_run_started",
    "session.status_idled",
    "session.updated",
    "session.status_terminated",
    "session.deleted",
  ]);
  const [first] = received;
  expect(first?.headers["webhook-id"]).toBe(JSON.parse(first?.body ?? "{}").id);
  expect(() =>
    r.client.beta.webhooks.unwrap(`${first?.body} `, { headers: first?.headers ?? {}, key: secret }),
  ).toThrow();
});

test("reaching the budget is news of its own", async () => {
  r.sim.script(() => (agent) => agent.spend(10));
  const budget = { type: "limit" as const, max_list_cost: { amount: "10", currency: "USD" as const } };
  const { id } = await r.open({ resources: [], budget });
  await r.tell(id, "go");
  await r.settled();
  expect(types().slice(1)).toEqual(["session.budget_reached", "session.status_idled"]);
});

test("a failing receiver gets three attempts of the same delivery, then silence", async () => {
  r.sim.webhooks.faults.drop = ["session.status_run_started"];
  statuses = [500, 503, 500];
  await turn();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await clock.advance(120_000);
    await r.settled();
  }
  expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(received).toHaveLength(3);
  expect(r.sim.deliveries.map(({ dropped }) => dropped)).toEqual([true, true]);
});

test("a redirect turns the endpoint off", async () => {
  statuses = [302];
  await turn();
  await turn();
  expect(received.length).toBeLessThanOrEqual(2);
});

test("deliveries can be lost, doubled, delayed and swapped", async () => {
  const { faults } = r.sim.webhooks;
  faults.drop = ["*"];
  await turn();
  expect(received).toHaveLength(0);
  Object.assign(faults, { drop: [], copies: 2 });
  await turn();
  expect(types()).toHaveLength(4);
  Object.assign(faults, { copies: 1, delayMs: 5000 });
  await turn();
  expect(received).toHaveLength(4);
  await clock.advance(5000);
  await r.settled();
  expect(received).toHaveLength(6);
  Object.assign(faults, { delayMs: 0, reorder: true });
  received = [];
  await turn();
  expect(types()).toEqual(["session.status_idled", "session.status_run_started"]);
  const [delivery] = r.sim.deliveries;
  if (delivery) r.sim.webhooks.resend(delivery);
  await r.settled();
  expect(received).toHaveLength(3);
});

test("another key's signature is not accepted", async () => {
  await turn();
  const [first] = received;
  const key = `whsec_${Buffer.alloc(32).toString("base64")}`;
  const unwrap = () =>
    r.client.beta.webhooks.unwrap(first?.body ?? "", { headers: first?.headers ?? {}, key });
  expect(unwrap).toThrow();
  expect(unwrap).not.toThrow(Anthropic.APIError);
});
