/** What comes to the address for the Claude platform's webhooks, right and wrong. */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { webhookKey } from "../sim/variables.ts";
import { openService, post, type Service, send } from "./service.ts";

let service: Service;
let address: string;
beforeAll(async () => {
  service = await openService();
  address = `${service.url}/api/anthropic/webhooks`;
});
afterAll(() => service.close());

const id = "wevt_011CZkZaKqnAgeu2xy8GbBnq";

/** A webhook about a session that is not ours. */
function webhook(type = "session.status_idled"): string {
  return JSON.stringify({
    type: "event",
    id,
    created_at: "2026-11-22T00:00:00Z",
    data: { type, id: "sesn_of_somebody_else", organization_id: "org", workspace_id: "wrkspc" },
  });
}

/** A signature by the scheme of Standard Webhooks. */
function signed(body: string, { aged = 0, key = webhookKey }: { aged?: number; key?: string } = {}) {
  const timestamp = String(Math.floor(Date.now() / 1000) - aged);
  const secret = Buffer.from(key.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}

const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const body = webhook();

test.each([
  ["a session that is not ours", () => signed(body), 200],
  ["four minutes old", () => signed(body, { aged: 240 }), 200],
  ["five minutes and more old", () => signed(body, { aged: 302 }), 401],
  ["five minutes and more ahead", () => signed(body, { aged: -302 }), 401],
  ["the key of somebody else", () => signed(body, { key: other }), 401],
  [
    "two signatures, one of them right",
    () => {
      const right = signed(body);
      const wrong = signed(body, { key: other })["webhook-signature"];
      return { ...right, "webhook-signature": `${wrong} ${right["webhook-signature"]}` };
    },
    200,
  ],
  ["no signature", () => ({ ...signed(body), "webhook-signature": undefined }), 401],
  ["no timestamp", () => ({ ...signed(body), "webhook-timestamp": undefined }), 401],
  ["a timestamp that is none", () => ({ ...signed(body), "webhook-timestamp": "now" }), 401],
  ["another id", () => ({ ...signed(body), "webhook-id": "wevt_other" }), 401],
  ["no id", () => ({ ...signed(body), "webhook-id": undefined }), 401],
])("%s", async (_what, headers, status) => {
  const answer = await post(address, headers(), body);
  expect(answer.status).toBe(status);
  expect(answer.text).not.toContain(webhookKey);
});

test("a type that is new to us is answered", async () => {
  const news = webhook("session.of_tomorrow");
  expect((await post(address, signed(news), news)).status).toBe(200);
});

test.each(["", "null", "5", "{}", "[]", '{"data":null}', "{"])(
  "%j, well signed, means nothing",
  async (odd) => {
    expect((await post(address, signed(odd), odd)).status).toBe(/^$|^{$/.test(odd) ? 401 : 200);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  },
);

test("a body above 1 MiB is refused", async () => {
  const over = " ".repeat(1024 * 1024 + 1);
  expect((await post(address, signed(over), over)).status).toBe(413);
});

test("other methods are not allowed", async () => {
  const answer = await send(address, { method: "GET", headers: {} });
  expect(answer.status).toBe(405);
  expect(answer.headers["allow"]).toBe("POST");
});

test("without a signing key the address does not exist", async () => {
  const keyless = await openService({ ANTHROPIC_WEBHOOK_SIGNING_KEY: "" });
  expect((await post(`${keyless.url}/api/anthropic/webhooks`, signed(body), body)).status).toBe(404);
  await keyless.close();
});
