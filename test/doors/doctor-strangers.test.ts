/** Whether the doctor sees what strangers are shown by the public address, and who is on the machine itself. */
import { createServer, request, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import type { Patient } from "../../src/doors/check.ts";
import { isOnMachine } from "../../src/doors/dashboard/audience.ts";
import { strangerChecks } from "../../src/doors/doctor-strangers.ts";
import { examineFromOutside } from "../../src/doors/examining.ts";
import { openService, type Service, settingsOn } from "./service.ts";

/** What a check finds where every page gives this answer; nothing when left out. */
async function found(
  what: "dashboard" | "metrics",
  { publicUrl, hook, answer }: { publicUrl?: string; hook?: string; answer?: Response },
) {
  const asked: unknown[] = [];
  const fetch = async (url: unknown) => {
    asked.push(url);
    if (!answer) throw new TypeError("fetch failed");
    return answer;
  };
  const getWebhookConfigForApp = async () => ({ data: { url: hook } });
  const github = { app: { rest: { apps: { getWebhookConfigForApp } } } };
  const server = publicUrl === undefined ? {} : { publicUrl };
  const patient: unknown = { config: { server }, fetch, github };
  const finding = await strangerChecks.find((one) => one.what === what)?.look(patient as Patient);
  return { asked, ...finding };
}

const publicUrl = "https://patchwright.acme.test";
const hook = `${publicUrl}/api/github/webhooks`;
const list = () => new Response("<!doctype html><title>Runs · Patchwright</title>");
const figures = () => new Response("# HELP patchwright_runs Runs\npatchwright_runs 0");
const pages = [
  ["dashboard", `${publicUrl}/`, list, "shows every run without a sign-in"],
  ["metrics", `${publicUrl}/metrics`, figures, "answers without a password"],
] as const;

test.each(pages)("of the %s, where it is open to whoever asks", async (what, url, page, words) => {
  const finding = { asked: [url], grade: "fail", found: `${url} ${words}` };
  const todo = "have the proxy pass Host on and send X-Forwarded-For";
  expect(await found(what, { publicUrl, answer: page() })).toMatchObject({
    ...finding,
    todo: expect.stringMatching(`^${todo}`),
  });
  expect(await found(what, { hook, answer: page() })).toMatchObject({
    ...finding,
    todo: expect.stringMatching(`^set PUBLIC_URL, ${todo}`),
  });
});

test.each(pages)("of the %s, where it is closed, or where another program answers", async (what, url) => {
  const others = ["Another program", `${"x".repeat(100_000)}\npatchwright_runs 0 · Patchwright</title>`];
  const answers = [404, 401, 302].map((status) => new Response("patchwright_", { status }));
  for (const answer of [...answers, ...others.map((text) => new Response(text))])
    expect(await found(what, { hook, answer })).toMatchObject({ asked: [url], grade: "pass" });
  expect(await found(what, { hook })).toMatchObject({ grade: "warn", found: `${url} does not answer` });
});

test.each([
  {},
  { hook: "http://localhost:3000/api/github/webhooks" },
  { hook: "nowhere" },
  { publicUrl: "http://localhost:3000", hook },
])("nobody is asked for %j", async (told) => {
  for (const [what] of pages)
    expect(await found(what, { ...told, answer: list() })).toMatchObject({ asked: [], grade: "pass" });
});

let service: Service | undefined;
let proxy: Server | undefined;
afterEach(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await service?.close();
  [proxy, service] = [undefined, undefined];
});

test("set up by hand behind a proxy that tells nothing of who asks, both are told", async () => {
  const none = { CLIENT_ID: "", CLIENT_SECRET: "" };
  service = await openService(none);
  const { port, github, claude } = service;
  proxy = createServer((incoming, outgoing) => {
    const to = { host: "127.0.0.1", port, method: incoming.method, path: incoming.url };
    const headers = { ...incoming.headers, host: `127.0.0.1:${port}` };
    const passed = request({ ...to, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  }).listen(0, "127.0.0.2");
  await new Promise((resolve) => proxy?.once("listening", resolve));
  const address = proxy.address();
  const outside = `http://127.0.0.2:${typeof address === "object" ? address?.port : 0}`;
  github.setWebhook(`${outside}/api/github/webhooks`);
  const config = readConfig({ ...settingsOn(github, claude), ...none, PORT: String(port) });
  const findings = await examineFromOutside(config, { clock: systemClock });
  const told = findings.filter(({ what }) => ["webhook address", "dashboard", "metrics"].includes(what));
  expect(told).toMatchObject([
    { grade: "pass", found: `${outside}/api/github/webhooks answers` },
    { grade: "fail", found: `${outside}/ shows every run without a sign-in` },
    { grade: "fail", found: `${outside}/metrics answers without a password` },
  ]);
}, 30_000);

test("one who speaks HTTP/1.0 is a proxy, and not on the machine itself", () => {
  const visitor = { address: "127.0.0.1", headers: { host: "127.0.0.1:3000" } };
  const at = (version: string) => isOnMachine({ ...visitor, version }, {});
  expect([at("1.1"), at("1.0")]).toEqual([true, false]);
});
