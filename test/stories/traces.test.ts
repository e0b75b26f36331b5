/**
 * Traces as a collector receives them over OTLP: one trace a run, whichever process worked on it, and nothing
 * in it that names a repository, a person or a secret.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixAndSubmit, workForHours } from "../sim/claude/scripts.ts";
import { setStage, shop } from "./stage.ts";

const fix = fixAndSubmit({ path: "add.js", content: "export {};\n", title: "Fix add", summary: "Fixed." });
let collector: Server;
let taken: { path: string; type: string; key: string; body: Buffer }[];

beforeEach(async () => {
  taken = [];
  collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { "content-type": type = "", "x-key": key = "" } = request.headers;
      taken.push({ path: request.url ?? "", type, key: String(key), body: Buffer.concat(parts) });
      response.writeHead(200, { "content-type": type }).end();
    });
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
});

afterEach(async () => {
  collector.closeAllConnections();
  collector.close();
});

const endpoint = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

/** Ids of the spans in OTLP's protobuf: 16 bytes as field 1, then 8 bytes as field 2. */
function spansIn(body: Buffer): { trace: string; span: string }[] {
  const [head, middle] = [Buffer.from([0x0a, 16]), Buffer.from([0x12, 8])];
  const starts = [...body.keys()].filter(
    (at) => body.subarray(at, at + 2).equals(head) && body.subarray(at + 18, at + 20).equals(middle),
  );
  return starts.map((at) => ({
    trace: body.subarray(at + 2, at + 18).toString("hex"),
    span: body.subarray(at + 20, at + 28).toString("hex"),
  }));
}

test("a run is one trace, before and after a restart, with the calls it made", async () => {
  const stage = await setStage({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint() } });
  stage.plays(workForHours(1, 30));
  const issue = stage.labelled();
  await stage.untilShown(issue, "working");
  await stage.restart("stop");
  await stage.untilShown(issue, "opened #2");
  const run = /patchwright:run:(run_\w{20})/.exec(stage.status(issue))?.[1] ?? "";
  await stage.close();
  const spans = taken.flatMap(({ body }) => spansIn(body));
  const hash = createHash("sha256").update(run).digest("hex");
  expect(taken.length).toBeGreaterThanOrEqual(2);
  expect(new Set(taken.map(({ path, type }) => `${path} ${type}`))).toEqual(
    new Set(["/v1/traces application/x-protobuf"]),
  );
  expect(new Set(spans.map(({ trace }) => trace))).toEqual(new Set([hash.slice(0, 32)]));
  expect(spans.filter(({ span }) => span === hash.slice(32, 48))).toHaveLength(1);
  expect(new Set(spans.map(({ span }) => span)).size).toBe(spans.length);
  const text = Buffer.concat(taken.map(({ body }) => body)).toString("latin1");
  for (const said of ["run asked", "entry", "POST /v1/sessions", "POST /repos/{owner}/{repo}/pulls", run])
    expect(text).toContain(said);
  for (const unsaid of [...shop.split("/"), "mona", "ghs_", "Add is wrong"])
    expect(text).not.toContain(unsaid);
});

test("without an endpoint nothing is sent, and a share of nothing sends nothing", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(), OTEL_TRACES_SAMPLER: "always_off" };
  const stage = await setStage({ env });
  stage.plays(fix);
  await stage.untilShown(stage.labelled(), "opened #2");
  await stage.close();
  expect(taken).toEqual([]);
});

test("a collector that is not there keeps nobody from working or stopping", async () => {
  const stage = await setStage({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" } });
  stage.plays(fix);
  await stage.untilShown(stage.labelled(), "opened #2");
  await stage.close();
});
