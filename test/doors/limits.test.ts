/** How large and how slow a request may be, and that one that breaks off harms nobody else. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { labelled } from "./payload.ts";
import { openService, post, raw, type Service, usualHeaders } from "./service.ts";

let service: Service;
let address: string;
beforeAll(async () => {
  service = await openService();
  address = `${service.url}/api/github/webhooks`;
});
afterAll(() => service.close());

const mib = 1024 * 1024;
const bytesMax = 25 * mib;
const body = JSON.stringify(labelled({ action: "opened" }));

/** The head of a request whose body has no declared length. */
function chunkedHead(headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [
    "POST /api/github/webhooks HTTP/1.1",
    "host: localhost",
    "transfer-encoding: chunked",
    ...lines,
    "",
    "",
  ].join("\r\n");
}

/** Sends chunks until the server has had enough or `bytes` are sent; tells how many were taken. */
function pour(socket: Socket, bytes: number): () => number {
  const chunk = Buffer.concat([
    Buffer.from(`${mib.toString(16)}\r\n`),
    Buffer.alloc(mib, 32),
    Buffer.from("\r\n"),
  ]);
  let sent = 0;
  const more = (failed?: Error | null) => {
    if (failed || sent >= bytes) return;
    sent += mib;
    socket.write(chunk, more);
  };
  more();
  return () => sent;
}

test("25 MiB are taken", async () => {
  const whole = Buffer.concat([Buffer.from(body), Buffer.alloc(bytesMax - Buffer.byteLength(body), 32)]);
  expect((await post(address, usualHeaders(whole, service.secret), whole)).status).toBe(202);
});

test("one byte more, declared, is refused and the connection closed", async () => {
  const over = Buffer.alloc(bytesMax + 1, 32);
  const answer = await post(address, usualHeaders(over, service.secret), over);
  expect(answer).toMatchObject({ status: 413, headers: { connection: "close" } });
});

test("a length that is declared too large is refused before anything is sent", async () => {
  const head = chunkedHead({
    ...usualHeaders("", service.secret),
    "content-length": String(200 * mib),
  }).replace("transfer-encoding: chunked\r\n", "");
  expect(await raw(service.port, (socket) => socket.write(head))).toMatch(/^HTTP\/1\.1 413 /);
});

test("one byte more, without a length, is refused and the connection closed", async () => {
  const over = Buffer.alloc(bytesMax + 1, 32);
  const headers = { ...usualHeaders(over, service.secret), "transfer-encoding": "chunked" };
  const answer = await post(address, headers, over);
  expect(answer).toMatchObject({ status: 413, headers: { connection: "close" } });
});

test("200 MiB without a length: neither read to the end nor kept", async () => {
  const before = process.memoryUsage.rss();
  let sent = () => 0;
  const answer = await raw(service.port, (socket) => {
    socket.write(chunkedHead(usualHeaders("of another body", service.secret)));
    sent = pour(socket, 200 * mib);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(sent()).toBeLessThan(50 * mib);
  // The 25 MiB themselves, a copy on the way, and what this test holds to send.
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * mib);
});

test("200 MiB without a signature are refused unread", async () => {
  const { "x-hub-signature-256": _signature, ...headers } = usualHeaders(body, service.secret);
  let sent = () => 0;
  const answer = await raw(service.port, (socket) => {
    socket.write(chunkedHead(headers));
    sent = pour(socket, 200 * mib);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  expect(sent()).toBeLessThan(25 * mib);
});

test("headers must end within 10 s and a request within 30 s", async () => {
  const servers = new Set<Server>();
  const see = (message: unknown) => void servers.add((message as { server: Server }).server);
  subscribe("http.server.request.start", see);
  await fetch(`${service.url}/healthz`);
  unsubscribe("http.server.request.start", see);
  const [server] = [...servers];
  expect(server?.headersTimeout).toBe(10_000);
  expect(server?.requestTimeout).toBe(30_000);
  expect(server?.maxConnections).toBe(10_000);
});

test("a body that breaks off leaves nothing behind", async () => {
  const unheard = vi.fn();
  process.on("unhandledRejection", unheard);
  const headers = usualHeaders(body, service.secret);
  await raw(service.port, (socket) => {
    socket.write(`${chunkedHead(headers)}5\r\n{"act\r\n`, () => socket.destroy());
  });
  expect((await post(address, usualHeaders(body, service.secret), body)).status).toBe(202);
  process.off("unhandledRejection", unheard);
  expect(service.rows(headers["x-github-delivery"])).toEqual([]);
  expect(unheard).not.toHaveBeenCalled();
});

test.each([
  ["HTTP/1.0", "GET /healthz HTTP/1.0\r\nhost: x\r\n\r\n", /^HTTP\/1\.1 200 /],
  [
    "a whole URL",
    "GET http://x/healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    /^HTTP\/1\.1 200 /,
  ],
  ["no host", "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "a host that is none",
    "GET /healthz HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n",
    /^HTTP\/1\.1 400 /,
  ],
  ["no HTTP at all", "hello\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "headers of 20 KB",
    `GET /healthz HTTP/1.1\r\nhost: x\r\na: ${"x".repeat(20_000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 /,
  ],
  [
    "two at once",
    "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 200 /,
  ],
])("%s", async (_what, request, answer) => {
  expect(await raw(service.port, (socket) => socket.write(request))).toMatch(answer);
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
});

test("two signature headers are no signature", async () => {
  const { "x-hub-signature-256": signature = "", ...headers } = usualHeaders("{}", service.secret);
  const twice = `${signature}\r\nx-hub-signature-256: ${signature}`;
  const head = chunkedHead({ ...headers, "x-hub-signature-256": twice, connection: "close" });
  expect(await raw(service.port, (socket) => socket.write(`${head}2\r\n{}\r\n0\r\n\r\n`))).toMatch(
    /^HTTP\/1\.1 401 /,
  );
});

test("a flood of bad signatures is a few lines of log, and good deliveries go through", async () => {
  const before = service.lines.length;
  const bad = { ...usualHeaders(body, service.secret), "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
  const flood = Array.from({ length: 500 }, () => post(address, bad, body));
  expect((await post(address, usualHeaders(body, service.secret), body)).status).toBe(202);
  for (const { status } of await Promise.all(flood)) expect(status).toBe(401);
  const said = service.lines.slice(before).filter(({ msg }) => msg === "delivery with a bad signature");
  expect(said.length).toBeLessThanOrEqual(2);
});
