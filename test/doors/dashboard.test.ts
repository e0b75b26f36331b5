/**
 * The dashboard over plain HTTP, as a stranger may ask for it: who gets in without a sign-in, what the list and a
 * run's page say, what lives in the address, and what never stands on a page.
 */
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createDashboard, type DashboardParts } from "../../src/doors/dashboard/dashboard.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "../stories/stage.ts";
import { type Answered, type Headers, send } from "./service.ts";

let stage: Stage;
let id: string;
beforeAll(async () => {
  stage = await setStage();
  stage.plays(async (agent) => {
    await agent.wait(60 * 60_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled({ title: "Add <b>is</b> wrong & odd" });
  await stage.untilShown(issue, "opened");
  id = /run_\w{20}/.exec(stage.status(issue))?.[0] ?? "";
});
afterAll(() => stage.close());

const get = (path: string, headers: Headers = {}): Promise<Answered> =>
  send(`${stage.app.url}${path}`, { method: "GET", headers });

test.each([
  ["a name that is not the machine's", { host: "dashboard.test" }],
  ["a name that only begins so", { host: "localhost.evil.test" }],
  ["Forwarded", { forwarded: "for=127.0.0.1" }],
  ["X-Forwarded-For", { "x-forwarded-for": "127.0.0.1" }],
  ["X-Forwarded-Host", { "x-forwarded-host": "localhost" }],
])("%s: nothing is there", async (_what, headers) => {
  for (const path of ["/", "/overview", `/runs/${id}`, "/live", "/assets/style.css"])
    expect((await get(path, headers)).status).toBe(404);
});

test.each(["localhost", "127.0.0.1", "[::1]", "localhost:3000"])("Host %s gets in", async (host) => {
  expect((await get("/", { host })).status).toBe(200);
});

test("where people have an address for it, the machine itself gets in no more", async () => {
  const other = await setStage({ env: { PUBLIC_URL: "https://patchwright.acme.test" } });
  expect((await send(`${other.app.url}/`, { method: "GET", headers: {} })).status).toBe(404);
  await other.close();
});

test("the list has the run with its state, who asked, cost, and a way to its page", async () => {
  const { text, headers } = await get("/");
  expect(text).toContain(`href="/runs/${id}"`);
  expect(text).toMatch(/<span class="state good">opened #\d+<\/span>/);
  expect(text).toContain("mona");
  expect(text).toMatch(/\$\d+\.\d\d/);
  expect(text).toContain("Add &lt;b&gt;is&lt;/b&gt; wrong &amp; odd");
  expect(headers["cache-control"]).toBe("no-store");
});

test.each([
  ["?state=opened", true],
  ["?state=failed", false],
  ["?repository=acme%2Fshop&person=mona&label=agent", true],
  ["?repository=acme%2Fother", false],
  ["?person=rita", false],
  ["?label=deep", false],
  ["?page=2", false],
  ["?state=%3Cscript%3E", false],
])("filters live in the address: %s", async (query, shows) => {
  const { status, text } = await get(`/${query}`);
  expect(status).toBe(200);
  expect(text.includes(`href="/runs/${id}"`)).toBe(shows);
  expect(text).not.toContain("<script>");
});

test("a run's timeline tells it from the request to the pull request, token by token", async () => {
  const { text } = await get(`/runs/${id}`);
  const told = [
    /mona asked by the label “agent”/,
    /Opened a session/,
    /Gave the session the token of acme\/shop/,
    /Sent the agent the request/,
    /Replaced the token of acme\/shop/,
    /The agent .*(edited|ran|said)/,
    /Handed in: /,
    /Revoked the token of acme\/shop/,
    /Screened, and opened pull request #\d+/,
    /Ended: opened/,
  ];
  for (const words of told) expect(text).toMatch(words);
  expect(text).toMatch(/<svg [^>]*role="img" aria-label="Cost over time: \$\d/);
  expect(text).toMatch(/<figcaption>.*<span>cost: \$\d+\.\d\d of \$5\.00<\/span>/);
  expect(text).toContain(`${stage.github.url}/acme/shop/pull/`);
});

test("no token, key or secret is on any page", async () => {
  const pages = await Promise.all(["/", `/runs/${id}`, "/overview"].map((path) => get(path)));
  for (const { text } of pages) expect(text).not.toMatch(/ghs_|ghu_|sk-ant-|whsec_|BEGIN/);
});

test("the overview counts runs, success, time and cost by repository, label and model", async () => {
  const { text } = await get("/overview?owner=acme&days=7");
  for (const words of ["By repository", "By label", "By model", "acme/shop", "agent", "100 %", "claude-"])
    expect(text).toContain(words);
  expect((await get("/overview?owner=nobody")).text).not.toContain("acme/shop</code>");
});

test("an unknown run, a malformed one and an unknown page are not found", async () => {
  for (const path of ["/runs/run_00000000000000000000", "/runs/x", "/runs/..%2f..", "/nothing", "/assets/x"])
    expect((await get(path)).status).toBe(404);
  for (const path of ["/runs/x", "/nothing", "/nothing/at/all", "/runs/", "/assets/x", "/auth/sign-in"])
    expect((await get(path)).text).toMatch(/<h1>Not found<\/h1>[\s\S]*<a href="\/">All runs<\/a>/);
  const posted = await send(`${stage.app.url}/`, { method: "POST", headers: {} });
  expect([posted.status, posted.text.includes("<h1>Not found</h1>")]).toEqual([404, true]);
});

test("what goes wrong on our side is said on a page, and what it was stands in the log alone", async () => {
  const broken = {
    selectFrom: () => {
      throw new Error("disk on fire");
    },
  };
  const logged: unknown[] = [];
  const app = createDashboard({
    config: { server: {} },
    store: { db: broken },
    log: { error: (...words: unknown[]) => logged.push(...words) },
    clock: systemClock,
  } as unknown as DashboardParts);
  const incoming = { headers: { host: "localhost" }, socket: { remoteAddress: "127.0.0.1" } };
  const answer = await app.request("/", {}, { incoming });
  expect([answer.status, answer.headers.get("cache-control")]).toEqual([500, "no-store"]);
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  const text = await answer.text();
  expect(text).toMatch(/<h1>Sorry<\/h1>.*Something went wrong on our side/);
  expect(text).not.toContain("fire");
  expect(logged).toEqual([{ err: new Error("disk on fire"), route: "/" }, "request failed"]);
});

test("the pages let nothing in from elsewhere and stand in nobody's frame", async () => {
  const { headers, text } = await get("/");
  expect(headers["content-security-policy"]).toBe(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("no-referrer");
  expect(headers["x-frame-options"]).toBe("DENY");
  expect(text).not.toMatch(/ style="|<style| on[a-z]+="|<script>/);
  for (const [, address = ""] of text.matchAll(/(?:src|href)="([^"]+)"/g)) expect(address).toMatch(/^[/#]/);
});

test("a page that stays open is sent what changed, and only that", async () => {
  const heard: string[] = [];
  const call = request(`${stage.app.url}/live`, { headers: { accept: "text/event-stream" } });
  call.once("response", (answer) => answer.setEncoding("utf8").on("data", (text) => heard.push(text)));
  call.end();
  const text = () => heard.join("");
  await expect.poll(text).toContain('"id":"rows"');
  expect(text()).toContain(id);
  heard.length = 0;
  stage.plays(async (agent) => {
    await agent.wait(5_000);
    await fixAndSubmit()(agent);
  });
  const issue = stage.labelled({ title: "Another" });
  await stage.untilShown(issue, "opened");
  await stage.pass(2_000);
  expect(text()).toMatch(/event: fragment\ndata: \{"id":"rows".*Another/);
  const next = /run_\w{20}/.exec(stage.status(issue))?.[0] ?? "";
  expect(text()).toMatch(new RegExp(`"id":"${next}".*state good`));
  expect(text()).not.toContain(`"id":"${id}"`);
  call.destroy();
});

test("a run is found by what became of its pull request, as the list shows it", async () => {
  const issue = stage.labelled({ title: "To be merged" });
  await stage.untilShown(issue, "opened");
  const number = Number(/\*\*opened #(\d+)/.exec(stage.headline(issue))?.[1]);
  const listed = async (state: string) => (await get(`/?state=${state}`)).text.includes(">To be merged</a>");
  expect([await listed("opened"), await listed("merged")]).toEqual([true, false]);
  await stage.github.mergePull(shop, number, { by: "mona" });
  await stage.pass(60_000);
  expect((await get("/")).text).toContain(`<span class="state done">merged #${number}</span>`);
  expect([await listed("opened"), await listed("merged"), await listed("closed")]).toEqual([
    false,
    true,
    false,
  ]);
  expect((await get("/?state=merged")).text).toContain("<option selected>merged</option>");
  expect((await get("/?state=opened")).text).toContain(`href="/runs/${id}"`);
});
