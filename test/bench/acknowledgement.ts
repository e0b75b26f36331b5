/**
 * How many deliveries a second are acknowledged, beside a bare Probot that keeps none of them: the same Node,
 * body and machine, each server in its own process, in short rounds that take turns. Ours has the whole body
 * on the disk (fsync) when it answers. A server that is not at its turn is held off the CPU, so what ours still
 * has to work off weighs on its own rounds only.
 */
import autocannon from "autocannon";
import { deliveryGuid, labeledDelivery, openWorld, type SignedDelivery } from "./bench-world.ts";
import { spread } from "./figures.ts";
import { type Served, serve } from "./process.ts";

/** How long to measure. */
export interface Span {
  rounds: number;
  roundS: number;
}

/** What one round of load came to. */
interface Round {
  perSecond: number;
  p99Ms: number;
  cpuUs: number | undefined;
}

const connections = 64;
const bodyBytes = 12 * 1024;
const path = "/api/github/webhooks";
const warmUpS = 1;

/** Measures and prints. */
export async function printAcknowledgements(span: Span): Promise<void> {
  const world = await openWorld();
  const servers: Served[] = [];
  const open = async (program: Parameters<typeof serve>[0]) => {
    const server = await serve(program);
    servers.push(server);
    server.hold(true);
    return server;
  };
  try {
    const [ours, info, warn] = [
      await open(world.service()),
      await open(world.probot("info")),
      await open(world.probot("warn")),
    ];
    console.log(
      `\nDurable acknowledgements (12 KB issues.labeled, ${connections} connections, ${span.rounds} rounds of ${span.roundS} s)`,
    );
    const other = labeledDelivery(world, { label: "question", bodyBytes });
    const rounds = await measured({ ours, info, warn }, other, span);
    report("a label that is not ours", rounds);
    const own = labeledDelivery(world, { label: "agent", bodyBytes });
    const few = { ...span, rounds: Math.ceil(span.rounds / 3) };
    report("our label, one issue", await measured({ ours, info, warn }, own, few));
  } finally {
    for (const server of servers) await server.stop();
    await world.close();
  }
}

type Sides<T> = { ours: T; info: T; warn: T };

async function measured(
  servers: Sides<Served>,
  delivery: SignedDelivery,
  { rounds, roundS }: Span,
): Promise<Sides<Round[]>> {
  const sides = ["ours", "info", "warn"] as const;
  for (const side of sides) await round(servers[side], delivery, warmUpS);
  const all: Sides<Round[]> = { ours: [], info: [], warn: [] };
  for (let turn = 0; turn < rounds; turn += 1) {
    // Who begins changes, so that a slow moment of the machine does not always meet the same one.
    for (const side of turn % 2 === 0 ? sides : sides.toReversed())
      all[side].push(await round(servers[side], delivery, roundS));
  }
  return all;
}

async function round(server: Served, { body, headers }: SignedDelivery, seconds: number): Promise<Round> {
  server.hold(false);
  const cpuBefore = server.cpuMs();
  const result = await autocannon({
    url: `${server.url}${path}`,
    method: "POST",
    connections,
    duration: seconds,
    // Autocannon samples once a second and otherwise rounds a duration up to that.
    sampleInt: 100,
    headers,
    body,
    requests: [
      {
        setupRequest: (request) => ({
          ...request,
          headers: { ...headers, "x-github-delivery": deliveryGuid() },
        }),
      },
    ],
  });
  const cpuAfter = server.cpuMs();
  server.hold(true);
  if (result.non2xx > 0 || result.errors > 0 || result["2xx"] === 0)
    throw new Error(`${result.non2xx} deliveries refused, ${result.errors} errors`);
  const acknowledged = result["2xx"];
  return {
    perSecond: acknowledged / result.duration,
    p99Ms: result.latency.p99,
    cpuUs:
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : ((cpuAfter - cpuBefore) * 1000) / acknowledged,
  };
}

function report(what: string, rounds: Sides<Round[]>): void {
  console.log(`  ${what}`);
  const names = { ours: "Patchwright, stored", info: "bare Probot, log info", warn: "bare Probot, log warn" };
  for (const side of ["ours", "info", "warn"] as const) {
    const all = rounds[side];
    const cpu = all.flatMap(({ cpuUs }) => cpuUs ?? []);
    console.log(
      `    ${names[side].padEnd(22)} ${spread(all.map(({ perSecond }) => perSecond))} a second` +
        `, p99 ${spread(all.map(({ p99Ms }) => p99Ms))} ms` +
        (cpu.length > 0 ? `, CPU ${spread(cpu)} µs each` : ""),
    );
  }
  for (const side of ["info", "warn"] as const) {
    const rates = rounds.ours.map(
      ({ perSecond }, turn) => perSecond / (rounds[side][turn]?.perSecond ?? Number.NaN),
    );
    const costs = rounds.ours.flatMap(
      ({ cpuUs }, turn) => (cpuUs ?? Number.NaN) / (rounds[side][turn]?.cpuUs ?? Number.NaN),
    );
    console.log(
      `    ratio to ${names[side]}: ${spread(rates, 2)} acknowledgements, ${spread(costs, 2)} CPU each`,
    );
  }
}
