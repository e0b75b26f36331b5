/**
 * The metrics' page: who may read it, and what stands there after a run. The run is played on the stage, so
 * that times are the virtual clock's.
 */
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Config } from "../../src/config.ts";
import { Secret } from "../../src/domain/secret.ts";
import { mayRead } from "../../src/doors/metrics-page.ts";
import { verdictKind } from "../../src/doors/verdict.ts";
import { createGitHub } from "../../src/github/client.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import { noTraces } from "../../src/traces.ts";
import { askMaintainer, fixAndSubmit, workForHours } from "../sim/claude/scripts.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { type Stage, setStage } from "../stories/stage.ts";
import { openService, post, send, usualHeaders } from "./service.ts";

const token = new Secret("the-token-of-the-metrics");
const bearer = { authorization: `Bearer ${token.reveal()}` };

test.each<[what: string, address: string | undefined, headers: Record<string, string>, may: boolean]>([
  ["a neighbour", "127.0.0.1", {}, true],
  ["a neighbour by IPv6", "::1", {}, true],
  ["a neighbour by IPv4 in IPv6", "::ffff:127.0.0.1", {}, true],
  ["somebody behind a proxy on this machine", "127.0.0.1", { "x-forwarded-for": "203.0.113.7" }, false],
  ["somebody behind a modern proxy", "::1", { forwarded: "for=203.0.113.7" }, false],
  ["a stranger", "203.0.113.7", {}, false],
  ["a stranger by IPv6", "2001:db8::7", {}, false],
  ["a socket that is gone", undefined, {}, false],
  ["a stranger with the token", "203.0.113.7", bearer, true],
  ["a proxy that passes the token on", "127.0.0.1", { ...bearer, "x-forwarded-for": "203.0.113.7" }, true],
  ["a stranger with a part of the token", "203.0.113.7", { authorization: "Bearer the" }, false],
  ["a stranger with another scheme", "203.0.113.7", { authorization: token.reveal() }, false],
])("%s", (_what, address, headers, may) => {
  expect(mayRead({ address, headers }, token)).toBe(may);
});

const outside = "https://patchwright.acme.test";

test.each<[what: string, headers: Record<string, string>, version: string, publicUrl: string, may: boolean]>([
  ["a scraper on this machine", { host: "127.0.0.1:3000" }, "1.1", outside, true],
  ["one by the name localhost", { host: "localhost:3000" }, "1.1", outside, true],
  ["a proxy that passes Host on and adds nothing", { host: "patchwright.acme.test" }, "1.1", outside, false],
  ["one for a name that is not ours", { host: "203.0.113.7" }, "1.1", outside, false],
  ["one that sends no Host", {}, "1.1", outside, false],
  ["nginx before 1.29.7 with a plain proxy_pass", { host: "127.0.0.1:3000" }, "1.0", outside, false],
  // A later one speaks HTTP/1.1, and cannot be told from a scraper: the manual says what it has to send.
  ["nginx that passes Host on", { host: "patchwright.acme.test" }, "1.1", outside, false],
  [
    "nginx that sends the visitor",
    { host: "127.0.0.1:3000", "x-forwarded-for": "203.0.113.7" },
    "1.1",
    outside,
    false,
  ],
  ["the same with the token", { ...bearer, host: "127.0.0.1:3000" }, "1.0", outside, true],
  ["a public address that is this machine", { host: "127.0.0.1:3000" }, "1.0", "http://127.0.0.1:3000", true],
])("behind a public address: %s", (_what, headers, version, publicUrl, may) => {
  expect(mayRead({ address: "127.0.0.1", headers, version }, token, publicUrl)).toBe(may);
});

test("without a token set none opens the page", () => {
  expect(mayRead({ address: "203.0.113.7", headers: { authorization: "Bearer " } }, undefined)).toBe(false);
});

test("every kind of alarm stands there before its first: a rule sees no increase otherwise", async () => {
  const page = await createMetrics().text({ runs: {}, queued: 0, deliveriesWaiting: 0 }, 0);
  expect(page.match(/^patchwright_alarms_total\{.*$/gm)).toEqual([
    'patchwright_alarms_total{what="deletion"} 0',
    'patchwright_alarms_total{what="default branch"} 0',
    'patchwright_alarms_total{what="branch"} 0',
    'patchwright_alarms_total{what="tag"} 0',
  ]);
});

test("verdicts are counted by their kind, without what is particular in them", () => {
  const kinds = ["run run_0 started", "round 2 of run_0 opened", "ignored: not a command", "told to run_0"];
  expect(kinds.map(verdictKind)).toEqual(["run started", "round opened", "ignored", "told"]);
  expect(verdictKind("something new about acme/shop")).toBe("other");
});

test("the least life left is kept, and is not there before the first replacement", async () => {
  const metrics = createMetrics();
  const none = { runs: {}, queued: 0, deliveriesWaiting: 0 };
  expect(await metrics.text(none, 0)).not.toMatch(/life_left/);
  for (const leftMs of [900_000, 600_000, 900_000]) metrics.tokenReplaced(leftMs);
  const text = await metrics.text(none, 0);
  expect(text).toMatch(/^patchwright_token_life_left_least_seconds 600$/m);
  expect(text).toMatch(/^patchwright_token_margin_seconds_bucket\{le="600"\} 1$/m);
  expect(text).toMatch(/^patchwright_token_margin_seconds_count 3$/m);
});

test("the page over HTTP, and what it says of knocks", async () => {
  const service = await openService({ METRICS_TOKEN: token.reveal() });
  const [body, address] = ['{"action":"labeled"}', `${service.url}/api/github/webhooks`];
  const signed = usualHeaders(body, service.secret);
  await post(address, { ...signed, "x-hub-signature-256": `sha256=${"0".repeat(64)}` }, body);
  await post(address, signed, body);
  const page = () => send(`${service.url}/metrics`, { method: "GET", headers: {} });
  const workedOff = 'patchwright_deliveries_total{event="issues",verdict="ignored"} 1';
  await expect.poll(async () => (await page()).text).toContain(workedOff);
  const { headers, text } = await page();
  const proxied = { "x-forwarded-for": "203.0.113.7" };
  const strange = await send(`${service.url}/metrics`, { method: "GET", headers: proxied });
  const known = await send(`${service.url}/metrics`, { method: "GET", headers: { ...proxied, ...bearer } });
  await service.close();
  expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain('patchwright_webhook_suspects_total{door="github",what="signature"} 1');
  expect(text).toContain('patchwright_webhook_answers_total{door="github",status="401"} 1');
  expect(text).toContain('patchwright_webhook_suspects_total{door="github",what="headers"} 1');
  expect([strange.status, known.status]).toEqual([404, 200]);
});

test("a proxy that shows nothing of strangers but the public name", async () => {
  const service = await openService({ PUBLIC_URL: outside });
  const seen = (headers: Record<string, string>) =>
    send(`${service.url}/metrics`, { method: "GET", headers }).then(({ status }) => status);
  const statuses = [await seen({}), await seen({ host: "patchwright.acme.test" })];
  const old = connect(service.port, "127.0.0.1");
  old.end("GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
  const [first] = (await old.setEncoding("utf8").toArray()).join("").split("\r\n");
  await service.close();
  expect([...statuses, first]).toEqual([200, 404, "HTTP/1.1 404 Not Found"]);
});

let stage: Stage | undefined;
afterEach(() => stage?.close());

/** The page as names with labels and their values. */
async function figures(): Promise<Map<string, number>> {
  const { text } = await send(`${stage?.app.url}/metrics`, { method: "GET", headers: {} });
  expect(text).not.toMatch(/acme|shop|mona|sesn_|run_[a-z0-9]{20}/);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ""), Number(line.split(" ").at(-1))]));
}

test("a run of two hours, from its label to its pull request", async () => {
  stage = await setStage();
  stage.plays(workForHours(2, 30));
  await stage.untilShown(stage.labelled(), "opened #2");
  await stage.pass(120_000);
  const counted = await figures();
  const of = (name: string) => counted.get(`patchwright_${name}`) ?? 0;
  expect(of('deliveries_total{event="issues",verdict="run started"}')).toBe(1);
  expect(of('rounds_total{ending="opened"}')).toBe(1);
  expect([of('runs{phase="working"}'), of('runs{phase="resting"}'), of("deliveries_waiting")]).toEqual([
    0, 1, 0,
  ]);
  for (const what of ["reply", "session", "pull"])
    expect(of(`reached_seconds_count{what="${what}"}`)).toBe(1);
  expect(of('reached_seconds_sum{what="reply"}')).toBeLessThan(5);
  expect(of('reached_seconds_sum{what="pull"}')).toBeGreaterThanOrEqual(7_200);
  const held = stage.github.tokens().filter(({ repositoryIds }) => repositoryIds).length;
  expect(held).toBeGreaterThan(2);
  expect(of('tokens_total{what="minted"}')).toBe(held);
  expect(of('tokens_total{what="replaced"}')).toBe(held - 1);
  expect(of('tokens_total{what="revoked"}')).toBe(held);
  expect(of("token_life_left_least_seconds")).toBeGreaterThan(900);
  expect(of("cost_cents_total")).toBe(Math.round(stage.claude.sessions[0]?.usage.cents ?? 0));
  const opened = 'calls_total{to="github",method="POST",route="/repos/{owner}/{repo}/pulls",status="201"}';
  expect(of(opened)).toBe(1);
  expect(of('calls_total{to="claude",method="POST",route="/v1/sessions",status="200"}')).toBe(1);
  expect(of('run_calls_total{to="github",method="POST",route="/repos/{owner}/{repo}/pulls"}')).toBe(1);
  expect(of('run_calls_total{to="claude",method="POST",route="/v1/sessions"}')).toBe(1);
  // What the service asks before there is a run, and for itself, is no run's.
  expect(
    [...counted.keys()].filter((name) => /run_calls_total.*collaborators|run_calls_total.*agents/.test(name)),
  ).toEqual([]);
  expect([...counted.keys()].filter((name) => /"\/repos\/.*collaborators/.test(name))).not.toEqual([]);
  expect(of(`github_limit_left{installation="${stage.installation}",resource="core"}`)).toBeGreaterThan(
    4_000,
  );
  expect(of('wake_lag_seconds_count{kind="run"}')).toBeGreaterThan(3);
});

test("what can be counted is there before it happens, so that its first time is an increase", async () => {
  stage = await setStage();
  const counted = await figures();
  for (const name of [
    'webhook_answers_total{door="github",status="503"}',
    'webhook_suspects_total{door="github",what="signature"}',
    'rounds_total{ending="failed"}',
    'tokens_total{what="unopened"}',
    'waits_total{kind="head"}',
    'alarms_total{what="tag"}',
  ])
    expect([name, counted.get(`patchwright_${name}`)]).toEqual([name, 0]);
});

test("calls without credentials say nothing about the App's limits", async () => {
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const config = {
    app: { id: 1 } as Config["app"],
    github: { apiUrl: "https://api.example", webUrl: "https://example" },
  };
  const headers = { "x-ratelimit-remaining": "7", "x-ratelimit-resource": "core", "x-ratelimit-reset": "9" };
  const fetch = async () => Response.json({}, { headers });
  const log = createLogger("silent", { write: () => undefined });
  const github = createGitHub({ config, clock, fetch, log, metrics, traces: noTraces });
  await github.bare.request("GET /rate_limit");
  const text = await metrics.text({ runs: {}, queued: 0, deliveriesWaiting: 0 }, 0);
  expect(text).not.toContain("patchwright_github_limit_left{");
});

test("what was left of a limit is told until GitHub renews it, and no longer", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  await stage.untilShown(stage.labelled(), "opened #2");
  const left = `patchwright_github_limit_left{installation="${stage.installation}",resource="core"}`;
  expect((await figures()).get(left)).toBeGreaterThan(4_000);
  // Nobody asks anything in the name of the installation meanwhile.
  await stage.pass(61 * 60_000);
  expect((await figures()).has(left)).toBe(false);
});

test("who waits for a turn is in the queue", async () => {
  stage = await setStage({ env: { PATCHWRIGHT_MAX_ACTIVE_RUNS: "1" } });
  stage.plays(workForHours(1, 30));
  await stage.untilShown(stage.labelled(), "working");
  await stage.untilShown(stage.labelled({ title: "Another" }), "queued");
  const counted = await figures();
  expect(counted.get("patchwright_runs_queued")).toBe(1);
  expect(counted.get('patchwright_runs{phase="working"}')).toBe(2);
});

test("repositories are named where the operator asks for it, and nowhere else", async () => {
  const standing = { runs: {}, queued: 0, deliveriesWaiting: 0 };
  const told = async (repositories: boolean) => {
    const metrics = createMetrics({ repositories });
    for (let n = 0; n < 1_005; n += 1)
      metrics.rounds.inc({ ending: "opened", ...metrics.at(`acme/shop-${n}`) });
    metrics.cost.inc(metrics.at("acme/shop-0"), 26);
    return metrics.text(standing, 0);
  };
  expect(await told(false)).not.toContain("acme");
  expect(await told(false)).toContain('rounds_total{ending="opened"} 1005');
  const named = await told(true);
  expect(named).toContain('patchwright_cost_cents_total{repository="acme/shop-0"} 26');
  expect(named).toContain('patchwright_rounds_total{ending="opened",repository="acme/shop-7"} 1\n');
  expect(named).toContain('patchwright_rounds_total{ending="opened",repository="other"} 5\n');
});

test("a question is a wait on people, once", async () => {
  stage = await setStage();
  stage.plays(askMaintainer("Round up or down?"));
  await stage.untilShown(stage.labelled(), "waiting for an answer");
  await stage.pass(25 * 3_600_000);
  expect((await figures()).get('patchwright_waits_total{kind="answer"}')).toBe(1);
});
