/**
 * What comes to the address for GitHub's deliveries and how each is answered: a table of bad input. What is
 * refused leaves no row; what is accepted is a row before it is answered.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { labelled } from "./payload.ts";
import { type Headers, openService, post, type Service, send, signatureOf, usualHeaders } from "./service.ts";

let service: Service;
let address: string;
beforeAll(async () => {
  service = await openService();
  address = `${service.url}/api/github/webhooks`;
});
afterAll(() => service.close());

const body = JSON.stringify(labelled());
const long = "x".repeat(10_000);
const hex = "0".repeat(63);

/** A signature that is right, but for the change. */
const changed = (change: (right: string) => string) => ({
  "x-hub-signature-256": change(signatureOf(body, service.secret)),
});

test.each<[what: string, changes: () => Headers, status: number]>([
  ["a wrong signature", () => ({ "x-hub-signature-256": signatureOf(body, "another secret") }), 401],
  ["no signature", () => ({ "x-hub-signature-256": undefined }), 401],
  [
    "only the old SHA-1 signature",
    () => ({ "x-hub-signature-256": undefined, "x-hub-signature": `sha1=${"0".repeat(40)}` }),
    401,
  ],
  ["a signature in capitals", () => changed((right) => `sha256=${right.slice(7).toUpperCase()}`), 401],
  ["63 digits", () => ({ "x-hub-signature-256": `sha256=${hex}` }), 401],
  ["65 digits", () => changed((right) => `${right}0`), 401],
  ["a signature without its scheme", () => changed((right) => right.slice(7)), 401],
  ["two signatures in one header", () => changed((right) => `${right}, ${right}`), 401],
  ["the secret everybody knows", () => ({ "x-hub-signature-256": signatureOf(body, "development") }), 401],
  ["no delivery id", () => ({ "x-github-delivery": undefined }), 400],
  ["an empty delivery id", () => ({ "x-github-delivery": "" }), 400],
  ["a delivery id of 129 characters", () => ({ "x-github-delivery": "x".repeat(129) }), 400],
  ["a delivery id of 10 KB", () => ({ "x-github-delivery": long }), 400],
  ["no event", () => ({ "x-github-event": undefined }), 400],
  ["an event of 10 KB", () => ({ "x-github-event": long }), 400],
  ["a form", () => ({ "content-type": "application/x-www-form-urlencoded" }), 415],
  ["no content type", () => ({ "content-type": undefined }), 415],
  ["plain text", () => ({ "content-type": "text/plain" }), 415],
  ["JSON of another name", () => ({ "content-type": "application/jsonp" }), 415],
  ["gzip", () => ({ "content-encoding": "gzip" }), 415],
  ["deflate", () => ({ "content-encoding": "deflate" }), 415],
])("%s is refused and leaves nothing", async (_what, changes, status) => {
  const before = service.rows().length;
  const answer = await post(address, { ...usualHeaders(body, service.secret), ...changes() }, body);
  expect(answer.status).toBe(status);
  expect(answer.text).not.toContain(service.secret);
  expect(answer.text).not.toContain("Add is wrong");
  expect(service.rows()).toHaveLength(before);
});

test("every bad signature gets the same answer", async () => {
  const wrong = [undefined, "sha256=", `sha256=${hex}0`, signatureOf(body, "another secret")];
  const texts = await Promise.all(
    wrong.map(async (signature) => {
      const headers = { ...usualHeaders(body, service.secret), "x-hub-signature-256": signature };
      return (await post(address, headers, body)).text;
    }),
  );
  expect(new Set(texts).size).toBe(1);
});

test.each([
  ["nothing", ""],
  ["a blank", " "],
  ["null", "null"],
  ["a number", "5"],
  ["a text", '"x"'],
  ["a list", "[]"],
  ["an object without members", "{}"],
  ["half an object", "{"],
  ["two objects", "{}{}"],
  ["a byte order mark before JSON", `\ufeff${body}`],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
])("%s, well signed, is answered 400", async (_what, odd) => {
  const headers = usualHeaders(odd, service.secret);
  const answer = await post(address, headers, odd);
  expect(answer).toMatchObject({ status: 400, text: "the body is not a JSON object with members" });
  expect(service.rows(headers["x-github-delivery"])).toEqual([]);
});

test.each(["__proto__", "constructor", "*", "ping", "meta", "marketplace_purchase", "toString"])(
  "the event %s is answered and forgotten",
  async (event) => {
    const headers: Headers = { ...usualHeaders(body, service.secret), "x-github-event": event };
    expect((await post(address, headers, body)).status).toBe(202);
    expect(service.rows(headers["x-github-delivery"])).toEqual([]);
  },
);

test("the delivery of another App is answered and forgotten", async () => {
  const headers: Headers = {
    ...usualHeaders(body, service.secret),
    "x-github-hook-installation-target-type": "integration",
    "x-github-hook-installation-target-id": "999999",
  };
  expect((await post(address, headers, body)).status).toBe(202);
  expect(service.rows(headers["x-github-delivery"])).toEqual([]);
});

test("an id that is no UUID is as good as one, and a content type may name its charset", async () => {
  const headers = {
    ...usualHeaders(body, service.secret),
    "x-github-delivery": "any:thing/like this",
    "content-type": "application/json; charset=utf-8",
  };
  expect((await post(address, headers, body)).status).toBe(202);
  expect(service.rows("any:thing/like this")).toHaveLength(1);
});

test.each(["GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"])(
  "%s is not allowed, and the answer says what is",
  async (method) => {
    const answer = await send(address, { method, headers: {} });
    expect(answer.status).toBe(405);
    expect(answer.headers["allow"]).toBe("POST");
  },
);

test("paths nearby do not exist", async () => {
  for (const path of ["/api/github", "/api/github/webhooks/", "//api/github/webhooks", "/%zz", "/x/../y"]) {
    expect((await post(`${service.url}${path}`, usualHeaders(body, service.secret), body)).status).toBe(404);
  }
});
