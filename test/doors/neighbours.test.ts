/** The way out: so many requests to one host at a time, and the rest when there is room. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { wayOut } from "../../src/doors/neighbours.ts";

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
