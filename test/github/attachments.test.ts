/**
 * Where pictures are fetched from, and where not: the list of hosts, redirects, sizes and times. The way out is
 * a function that remembers where it was sent.
 */
import { expect, test } from "vitest";
import { createAttachments, isAttachment } from "../../src/github/attachments.ts";
import type { GitHub } from "../../src/github/client.ts";
import { png, pngOf } from "../domain/images.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const github = { webUrl: "https://github.com", apiUrl: "https://api.github.com" };
const enterprise = { webUrl: "https://ghe.example", apiUrl: "https://ghe.example/api/v3" };
const name = "0b3d1a52-1111-4222-8333-444455556666";
const asset = `https://github.com/user-attachments/assets/${name}`;
const old = "https://user-images.githubusercontent.com/1/2-a.png";

test.each<[address: string, here: boolean, onward: boolean]>([
  [asset, true, true],
  [`https://github.com/user-attachments/files/1/a.png`, true, true],
  [`https://github.com/acme/shop/assets/1/${name}`, true, true],
  [old, true, true],
  [`https://private-user-images.githubusercontent.com/1/2-${name}.png?jwt=a.b.c`, true, true],
  ["https://github-production-user-asset-6210df.s3.amazonaws.com/1/2", false, true],
  ["https://github.com/acme/shop/raw/main/a.png", false, false],
  ["https://github.com/login?return_to=/user-attachments/assets/1", false, false],
  ["https://github.com/user-attachments/../acme/shop/settings", false, false],
  ["https://raw.githubusercontent.com/acme/shop/main/a.png", false, false],
  ["https://camo.githubusercontent.com/a/b", false, false],
  ["https://api.github.com/user-attachments/assets/1", false, false],
  ["http://github.com/user-attachments/assets/1", false, false],
  ["https://github.com:8443/user-attachments/assets/1", false, false],
  ["https://user-images.githubusercontent.com.evil.example/1", false, false],
  ["https://evil.example/github.com/user-attachments/assets/1", false, false],
  ["https://github.com@evil.example/user-attachments/assets/1", false, false],
  ["https://x:y@github.com/user-attachments/assets/1", false, false],
  ["https://other.s3.amazonaws.com/1", false, false],
  ["https://169.254.169.254/latest/meta-data", false, false],
  ["http://127.0.0.1:3000/metrics", false, false],
  ["http://[::1]/user-attachments/assets/1", false, false],
  ["file:///etc/passwd", false, false],
  ["data:image/png;base64,iVBORw0KGgo=", false, false],
  ["//github.com/user-attachments/assets/1", false, false],
  ["/user-attachments/assets/1", false, false],
  ["not an address", false, false],
])("%s", (address, here, onward) => {
  expect(isAttachment(address, github)).toBe(here);
  expect(isAttachment(address, github, true)).toBe(onward);
});

test("an Enterprise Server keeps its own, and github.com's are foreign there", () => {
  for (const own of ["user-attachments/assets/1", "storage/user/1/files/2?token=3"])
    expect(isAttachment(`https://ghe.example/${own}`, enterprise)).toBe(true);
  expect(isAttachment("https://media.ghe.example/user/1/files/2", enterprise)).toBe(true);
  for (const foreign of [asset, old, "https://ghe.example/api/v3/user", "https://evil.ghe.example/user/1"])
    expect(isAttachment(foreign, enterprise)).toBe(false);
});

type Answers = Record<string, (init: RequestInit) => Response | Promise<Response>>;

function scene(answers: Answers) {
  const clock = new VirtualClock();
  const asked: { address: string; init: RequestInit }[] = [];
  const fetch = (async (address: string, init: RequestInit) => {
    asked.push({ address, init });
    return answers[address]?.(init) ?? new Response("", { status: 404 });
  }) as typeof globalThis.fetch;
  // The cast: fetching one asks GitHub's API nothing.
  const attachments = createAttachments({ host: github, github: {} as GitHub, fetch, clock });
  return { clock, asked, attachments };
}

const ok = (bytes: Buffer, headers: Record<string, string> = {}) =>
  new Response(new Uint8Array(bytes), { headers });
const to = (location: string) => new Response(null, { status: 302, headers: { location } });

test("a picture is fetched without credentials, and its type is its bytes'", async () => {
  const { asked, attachments } = scene({ [old]: () => ok(png, { "content-type": "text/html" }) });
  expect(await attachments.fetch(old)).toEqual({ type: "image/png", bytes: png });
  expect(asked).toHaveLength(1);
  expect(asked[0]?.init).toMatchObject({ redirect: "manual", headers: { "user-agent": "patchwright" } });
  expect(Object.keys(asked[0]?.init.headers ?? {})).toEqual(["user-agent"]);
});

test("a redirect is followed to the hosts of the list", async () => {
  const storage = "https://github-production-user-asset-6210df.s3.amazonaws.com/1/2?signed";
  const { asked, attachments } = scene({ [asset]: () => to(storage), [storage]: () => ok(png) });
  expect(await attachments.fetch(asset)).toMatchObject({ type: "image/png" });
  expect(asked.map(({ address }) => address)).toEqual([asset, storage]);
});

test.each([
  "https://evil.example/a.png",
  "http://169.254.169.254/",
  "http://user-images.githubusercontent.com/1",
  "https://github.com/login",
  "//evil.example/a",
  "file:///etc/passwd",
  "",
])("a redirect to %s is not", async (location) => {
  const { asked, attachments } = scene({ [asset]: () => to(location) });
  expect(await attachments.fetch(asset)).toEqual({ why: expect.stringMatching(/away|on and on/) });
  expect(new Set(asked.map(({ address }) => address))).toEqual(new Set([asset]));
});

test("redirects in a circle come to an end", async () => {
  const { asked, attachments } = scene({ [asset]: () => to(asset) });
  expect(await attachments.fetch(asset)).toEqual({ why: "its address leads on and on" });
  expect(asked).toHaveLength(4);
});

const limit = 5 * 1024 * 1024;

test.each<[string, () => Response, object]>([
  ["of the largest size", () => ok(pngOf(1, limit - png.length)), { type: "image/png" }],
  ["one byte larger", () => ok(pngOf(1, limit - png.length + 1)), { why: "it is larger than 5 MB" }],
  [
    "that says it is larger",
    () => ok(png, { "content-length": `${limit + 1}` }),
    { why: "it is larger than 5 MB" },
  ],
  [
    "that says it is smaller",
    () => ok(pngOf(1, limit), { "content-length": "10" }),
    { why: "it is larger than 5 MB" },
  ],
  ["that is none", () => ok(Buffer.from("<html>")), { why: "it is no PNG, JPEG, GIF or WebP picture" }],
  ["that is gone", () => new Response("", { status: 410 }), { why: "GitHub answered 410" }],
])("a picture %s", async (_what, answer, result) => {
  const { attachments } = scene({ [old]: answer });
  expect(await attachments.fetch(old)).toMatchObject(result);
});

test("an endless body is read no further than a picture may go", async () => {
  let sent = 0;
  const chunk = new Uint8Array(64 * 1024);
  const body = new ReadableStream({
    pull: (controller) => {
      sent += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const { attachments } = scene({ [old]: () => new Response(body) });
  expect(await attachments.fetch(old)).toEqual({ why: "it is larger than 5 MB" });
  expect(sent).toBeLessThan(limit + 4 * chunk.length);
});

test("a host that is silent for twenty seconds, or not there, keeps nobody", async () => {
  const { clock, attachments } = scene({
    [old]: ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted")))),
    [asset]: () => Promise.reject(new Error("no route")),
  });
  const silent = attachments.fetch(old);
  await clock.advance(20_000);
  expect(await silent).toEqual({ why: "GitHub took too long to send it" });
  expect(await attachments.fetch(asset)).toEqual({ why: "GitHub could not be reached" });
});

test("four requests at most hold pictures at once", async () => {
  const { attachments } = scene({});
  let [inside, most] = [0, 0];
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => attachments.hold(work)));
  expect([inside, most]).toEqual([0, 4]);
});
