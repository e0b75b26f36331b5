/** The way out: so many requests to one host at a time, and the rest when there is room. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { neighbours, wayOut } from "../../src/doors/neighbours.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import { noTraces } from "../../src/traces.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

test("a hundred calls at once keep GitHub's limit, and all are answered", async () => {
  const open = new Set<ServerResponse>();
  let most = 0;
  let isHolding: boolean = true;
  const server = createServer((_request, response) => {
    open.add(response);
    most = Math.max(most, open.size);
    if (!isHolding || open.size < 40) return void (isHolding || answer(response));
    // As many as may are here: whoever comes beyond them would have come by the next turns.
    setImmediate(() => setImmediate(release));
  });
  const answer = (response: ServerResponse) => {
    open.delete(response);
    response.end("{}");
  };
  const release = () => {
    isHolding = false;
    for (const response of [...open]) answer(response);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { fetch, close } = wayOut(systemClock);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(url)));
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
  expect(most).toBe(40);
  await close();
  server.close();
});

/** A server that answers when told, and what reached it. */
async function slowServer() {
  const reached: string[] = [];
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    held.push(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = () => {
    for (const response of held.splice(0)) response.end("{}");
  };
  const until = async (count: number) => {
    while (reached.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { url, reached, answer, until, close: () => server.close() };
}

test.each([
  { waitedMs: 3_001, late: ["GET /look"] },
  { waitedMs: 2_999, late: ["GET /look", "POST /change"] },
])("after $waitedMs ms behind forty others there leave: $late", async ({ waitedMs, late }) => {
  const clock = new VirtualClock();
  const { url, reached, answer, until, close: closeServer } = await slowServer();
  const { fetch, close } = wayOut(clock);
  const before = Array.from({ length: 40 }, () => fetch(`${url}/before`, { method: "POST" }));
  await until(40);
  const change = fetch(`${url}/change`, { method: "POST" }).then(
    () => "sent",
    (error: TypeError) => (error.cause as Error).message,
  );
  const look = fetch(`${url}/look`);
  await clock.advance(waitedMs);
  answer();
  await Promise.all(before);
  await until(40 + late.length);
  answer();
  await look;
  expect(await change).toBe(late.length === 2 ? "sent" : "a change came too late to be sent");
  expect(reached.slice(40).toSorted()).toEqual(late);
  await close();
  closeServer();
});

test("exchanges of codes that hang are few, and hold nothing else up", async () => {
  const { url, reached, answer, until, close } = await slowServer();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const config = readConfig({
    APP_ID: "1",
    PRIVATE_KEY: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    WEBHOOK_SECRET: "0123456789abcdef",
    ANTHROPIC_API_KEY: "sk-ant-none",
  });
  const tools = { log: createLogger("silent"), metrics: createMetrics(), traces: noTraces };
  const outdoors = neighbours(config, { ...tools, clock: systemClock });
  const exchanges = Array.from({ length: 60 }, () => outdoors.exchangeFetch(`${url}/token`));
  await until(5);
  const look = outdoors.fetch(`${url}/look`);
  await until(6);
  expect(reached.slice(5)).toEqual(["GET /look"]);
  const ended = Promise.allSettled(exchanges);
  answer();
  expect((await look).status).toBe(200);
  await outdoors.close();
  await ended;
  close();
});
