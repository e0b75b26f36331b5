/**
 * The front door: read the configuration, build each part once, start; stop in reverse.
 */
import { randomBytes } from "node:crypto";
import { createClaude } from "./agent/claude.ts";
import { createStreams } from "./agent/stream.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Config, readConfig, readSetUpConfig } from "./config.ts";
import { isProblem } from "./domain/errors.ts";
import { fullName, type Place } from "./domain/run.ts";
import { examine } from "./doors/doctor.ts";
import { lookAtStore } from "./doors/doctor-store.ts";
import { entrance } from "./doors/entrance.ts";
import { pass } from "./doors/findings.ts";
import { createHourly } from "./doors/hourly.ts";
import { createIntake } from "./doors/intake.ts";
import { readManifest } from "./doors/manifest.ts";
import { type Neighbours, neighbours, wayOut } from "./doors/neighbours.ts";
import { createOrder } from "./doors/order.ts";
import { pausedIn } from "./doors/pausing.ts";
import { type Listening, listen } from "./doors/server.ts";
import { openSetUp } from "./doors/setup.ts";
import { embeddedEngine } from "./engine/embedded.ts";
import type { Engine, Failure, WakeKind, Workers } from "./engine/engine.ts";
import { createAttachments } from "./github/attachments.ts";
import { createRepositories } from "./github/repository.ts";
import type { Where } from "./github/settings-files.ts";
import { createOAuth, type OAuth } from "./github/visitor-token.ts";
import { createLogger, type Logger } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createBacklog } from "./mission/backlog.ts";
import { ledgerOf } from "./mission/ledger.ts";
import { mission } from "./mission/mission.ts";
import { Strays } from "./mission/strays.ts";
import { createSweep, type Sweep, sweepIds } from "./mission/sweep.ts";
import type { Rooms } from "./mission/tools.ts";
import { openStore, type Store, type StoreOptions, storeBeside, storeOptions } from "./store/database.ts";
import { inbox } from "./store/deliveries.ts";
import { Fenced, type HeldRun, holdRun, liveRun } from "./store/runs.ts";
import { sealKeyFrom, sealWith } from "./store/seal.ts";
import { noTraces, otlpTraces, type TracedRun, type Traces } from "./traces.ts";

/** What comes in from outside besides the configuration; tests replace them. */
export interface Outside {
  clock: Clock;
  log: Logger;
  random: (bytes: number) => Uint8Array;
  /** Where to store, when not where the configuration says. */
  store?: StoreOptions;
  /** How long GitHub and Claude may keep silent in a call before it is given up; 30 s when left out. */
  callTimeoutMs?: number | undefined;
}

/** The running service. */
export interface App {
  url: string;
  /** Work in hand: requests, wakes. Zero when only time or the outside can bring more. */
  busy(): number;
  /** Takes nothing new, finishes or parks what is in hand, closes. */
  stop(): Promise<void>;
}

/** Together below the ten seconds a stop may take. */
const requestsMs = 2_000;
const stopMs = 5_000;
const runsAtOnce = 64;
const deliveriesAtOnce = 16;
/** Heads of pull requests looked at for settings in an installation: an eighth of what GitHub lets one ask. */
const looksPerHour = 600;

/** Builds and starts the service. Throws a `refused` problem, with the remedy, when it cannot. */
export async function start(config: Config, outside: Outside): Promise<App> {
  const { clock, log, random, callTimeoutMs } = outside;
  const store = await openStore(outside.store ?? storeOptions(config.store, clock));
  const metrics = createMetrics({ repositories: config.server.metricsName === true });
  const startedAt = clock.now();
  const engine = await engineOf(config, store, { ...outside, metrics });
  const box = inbox(store, engine, clock);
  const traces = config.tracing ? await otlpTraces({ ...config.tracing, clock, random }) : noTraces;
  const outdoors = neighbours(config, { clock, log, metrics, traces, store, callTimeoutMs });
  const { github, client } = outdoors;
  const repositories = createRepositories(github, clock);
  const agents = createClaude(client, { config: config.claude });
  const knock = (session: string) => knockRun({ store, engine, clock }, session);
  const on = config.claude.webhookKey === undefined;
  const streams = createStreams(outdoors.streaming, { knock, log, on, clock, pollMs: config.pollMs });
  const { rulebook, permits, admission } = createOrder({ github, repositories, store, clock, config });
  const known = { config, github, store, clock, random, log, metrics };
  const patient = { ...outdoors, config, clock, manifest: readManifest(), paused: () => pausedIn(store) };
  const answers = () => store.check().then(() => pass("answers"));
  const rules = (where: Where) => rulebook.at(where, { staleMs: 0 });
  const doctor = (place: Place) =>
    examine({ ...patient, store: answers, named: { name: fullName(place), rules } });
  const looks = createHourly(clock, looksPerHour);
  const backlog = createBacklog({ store, box, clock, log }, startedAt);
  const asked = { ...known, backlog, engine, box, admission, rulebook, looks, examine: doctor };
  const intake = await createIntake(asked);
  // What was sealed before there was a seal key opens still.
  const seal = sealWith([...(config.sealKeys ?? []), sealKeyFrom(config.app.privateKey)], random);
  const oauth = oauthOf(config, outdoors, clock);
  const attachments = createAttachments({ host: config.github, github, fetch: outdoors.fetch, clock });
  const rooms: Rooms = {
    ...known,
    engine,
    repositories,
    attachments,
    agents,
    rulebook,
    permits,
    streams,
    seal,
    strays: new Strays(),
    backlog,
  };
  let stopping = false;
  let listening: Listening | undefined;
  const stop = async () => {
    stopping = true;
    streams.close();
    // The doors first: a request that wakes a run after the engine has stopped would bring it up again.
    await listening?.close(requestsMs);
    await engine.stop(stopMs);
    await outdoors.close();
    await traces.close();
    await store.close();
  };
  try {
    await agents.prepare().catch((error) => prepareLater(error, log));
    await engine.start(
      workersOf(rooms, {
        traces,
        work: intake.work,
        yields: box.bursting,
        sweep: createSweep({ ...rooms, engine, box, oauth, config }),
      }),
    );
    await wakeCaretaker({ store, engine, clock });
    const unready = async () => (stopping ? "stopping" : (engine.ailing() ?? storeAiling(store)));
    const pages = { intake: asked, seal, random, sessionUrl: agents.url, oauth };
    const behind = { config, store, box, client, knock, unready, metrics, log, clock, ...pages };
    listening = await listen(entrance(behind), config.server);
  } catch (error) {
    await stop();
    throw error;
  }
  log.info({ url: listening.url, store: store.dialect }, "ready");
  return { url: listening.url, busy: () => engine.held() + (listening?.busy() ?? 0), stop };
}

/** Undefined where nobody signs in. */
function oauthOf({ server, github }: Config, ways: Neighbours, clock: Clock): OAuth | undefined {
  const { fetch, exchangeFetch } = ways;
  return server.oauth && createOAuth({ github, oauth: server.oauth, fetch, exchangeFetch, clock });
}

/** All its rounds begin at the start: who knows for how long nobody looked. */
async function wakeCaretaker({ store, engine, clock }: Pick<Rooms, "store" | "clock"> & { engine: Engine }) {
  const wakes = sweepIds.map((id) => ({ kind: "sweep" as const, id, at: clock.now() }));
  await store.db.transaction().execute((tx) => engine.wake(tx, ...wakes));
}

async function engineOf(
  config: Config,
  store: Store,
  { clock, log, random, metrics }: Outside & { metrics: Metrics },
): Promise<Engine> {
  const onFailure = ({ kind, id, error, tries, againMs }: Failure) => {
    log.warn({ wake: `${kind}:${id}`, tries, again_ms: againMs, err: error }, "wake failed");
    metrics.wakeFailures.inc({ kind, code: isProblem(error) ? error.code : "unknown" });
  };
  const onEntry = (kind: WakeKind, lateMs: number) => metrics.wakeLag.observe({ kind }, lateMs / 1_000);
  const chance = () => Buffer.from(random(4)).readUInt32BE() / 2 ** 32;
  const url = config.store.databaseUrl?.reveal();
  const parts = { store, clock, random: chance, onFailure, onEntry };
  if (url === undefined || store.dialect === "sqlite") return embeddedEngine(parts);
  // Loaded only where it is used: pg-boss and pg cost 50 ms of every start and 9 MB.
  const { pgbossEngine } = await import("./engine/pgboss.ts");
  return pgbossEngine({ ...parts, url });
}

function workersOf(
  rooms: Rooms,
  parts: { traces: Traces; work: (id: string) => Promise<undefined>; yields: () => boolean; sweep: Sweep },
): Workers {
  const { traces, work, yields, sweep } = parts;
  return {
    run: { work: (id) => enter(rooms, traces, id), atOnce: runsAtOnce },
    // Acknowledging goes first: GitHub waits ten seconds for it, and for nothing else.
    delivery: { work, atOnce: deliveriesAtOnce, yields },
    sweep: { work: sweep, atOnce: sweepIds.length },
  };
}

/** One entry of the mission, as the run's holder. */
async function enter(rooms: Rooms, traces: Traces, id: string): Promise<number | undefined> {
  const held = await holdRun(rooms.store.db, id);
  if (!held) return undefined;
  const log = rooms.log.child({ run_id: id, installation_id: held.run.place.installation });
  log.info({ session_id: held.run.session, phase: held.run.phase }, "entered");
  try {
    const tools = { ...rooms, log, held, ledger: ledgerOf(rooms.store, held, rooms.clock) };
    return await traces.entry(tracedRun(held), () => rooms.metrics.forRun(() => mission(tools)));
  } catch (error) {
    // Another worker holds the run by now and goes on with it.
    if (error instanceof Fenced) return undefined;
    throw error;
  }
}

function tracedRun({ run, facts }: HeldRun): TracedRun {
  return {
    id: run.id,
    installation: run.place.installation,
    round: run.round,
    askedAt: run.origin.at,
    first: facts.length === 0,
    ...(run.session === undefined ? {} : { session: run.session }),
  };
}

async function knockRun(
  { store, engine, clock }: Pick<Rooms, "store" | "clock"> & { engine: Engine },
  session: string,
) {
  const run = await liveRun(store.db, { kind: "session", session });
  if (!run) return;
  await store.db.transaction().execute((tx) => engine.wake(tx, { kind: "run", id: run.id, at: clock.now() }));
  engine.knock();
}

/** A refused key is said at once; a platform that is down keeps nobody from taking deliveries. */
function prepareLater(error: unknown, log: Logger): void {
  if (!isProblem(error, "later")) throw error;
  log.warn({ err: error }, "the agent is not provisioned yet; the next session tries again");
}

function storeAiling(store: Store): Promise<string | undefined> {
  return store.check().then(
    () => undefined,
    () => "the store does not answer",
  );
}

/** Serves the set-up until it is finished, where there is something to set up; returns what it did not store. */
async function setUp(environment: Record<string, string | undefined>): Promise<Record<string, string>> {
  const config = readSetUpConfig(environment);
  if (!config) return {};
  const { fetch, close } = wayOut(systemClock);
  // What the start would not get over is told before an App is created, and not after it.
  if (config.store.databaseUrl)
    await lookAtStore(config, { fetch, open: () => openStore(storeBeside(config.store)) });
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const pages = await openSetUp(config, { clock: systemClock, random: randomBytes, fetch, say });
  const unstored = await pages.finished;
  await pages.close(requestsMs);
  await close();
  return unstored;
}

/** `npm start`: runs until SIGTERM or SIGINT. Exit status 2 means that the set-up has to be mended. */
export async function main(environment: Record<string, string | undefined>): Promise<void> {
  // Before it is ready there is nothing to finish: what a start has begun, the next one finds.
  let leave: () => void = () => process.exit(0);
  process.once("SIGTERM", () => leave());
  process.once("SIGINT", () => leave());
  try {
    const unstored = await setUp(environment);
    const config = readConfig(environment, unstored);
    const log = createLogger(config.logLevel);
    const app = await start(config, { clock: systemClock, log, random: randomBytes });
    leave = () => {
      log.info("stopping");
      app.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, "stopped badly");
          process.exit(1);
        },
      );
    };
  } catch (error) {
    if (!isProblem(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
