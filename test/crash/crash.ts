/**
 * `npm run test:crash`: plays every story with the service dying at its points, kills real servers, judges the
 * endings and plants bugs to see that they are caught. A failure is one line that replays it.
 *
 *   (nothing)       every death of every story with every return, people's acts in the absence, every real kill,
 *                   some pairs of the main story
 *   --all           every pair of the main story besides: some fifteen thousand, an hour of two cores
 *   --sample        a sample by the seed, within five minutes: for CI
 *   --seed N        the seed, printed at the start
 *   --only PART     one part of it: sweep, kills or plants
 *   --replay PLAN   one play, as a failure printed it
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { shuffled } from "./chance.ts";
import type { Measure } from "./plan.ts";
import { sow } from "./plant.ts";
import { plants } from "./plants.ts";
import { report, type Said } from "./report.ts";

const processes = 2;
/** What a sample takes at most, in seconds; planted bugs that had no turn by `all` have one another time. */
const sampleSeconds = { sweep: 55, kills: 45, all: 120 };

const plantsMin = 4;

const { values: given } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    sample: { type: "boolean", default: false },
    seed: { type: "string", default: String(process.pid) },
    only: { type: "string" },
    replay: { type: "string" },
    /** Of the processes started here: `sweep`, `kills`, or the number of a planted bug; and which share. */
    part: { type: "string" },
    share: { type: "string", default: "0" },
  },
});

const measure: Measure = {
  extent: given.all ? "all" : given.sample ? "sample" : "singles",
  seed: Number(given.seed),
};

/** One share of the work, in a process of its own: a planted bug must be there before the service is loaded. */
async function work(part: string): Promise<void> {
  const tell = (said: Said) => process.stdout.write(`${JSON.stringify(said)}\n`);
  const bug = plants[Number(part)];
  if (bug) sow(bug);
  await import("./git/stand-in.ts");
  const { catchBug, killSweep, sweep } = await import("./sweep.ts");
  const seconds = given.sample && (part === "sweep" || part === "kills") ? sampleSeconds[part] : undefined;
  const isOver = () => seconds !== undefined && performance.now() > seconds * 1_000;
  const share = { share: Number(given.share), of: processes, tell, isOver };
  if (bug) {
    const by = await catchBug(bug, measure);
    tell(by === undefined ? { kind: "missed", what: bug.what } : { kind: "caught", what: bug.what, by });
  } else await (part === "kills" ? killSweep : sweep)(measure, share);
  process.exit(0);
}

/** Starts a process and hears what it says; rejects when it fails. */
function started(args: string[], hear: (said: Said) => void): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const extent = measure.extent === "singles" ? [] : [`--${measure.extent}`];
  const child = spawn(process.execPath, [file, `--seed=${given.seed}`, ...extent, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", (line) => hear(JSON.parse(line) as Said));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${args.join(" ")} ended with ${code}`)),
    );
  });
}

/** All of it. Resolves with the number of failures. */
async function whole(): Promise<number> {
  const shares = Array.from({ length: processes }, (_, share) => `--share=${share}`);
  const parts = {
    sweep: shares.map((share) => ["--part=sweep", share]),
    kills: [["--part=kills"]],
    plants: shuffled([...plants.keys()], measure.seed).map((at) => [`--part=${at}`]),
  };
  const wanted = Object.entries(parts).filter(([name]) => given.only === undefined || given.only === name);
  const waiting = wanted.flatMap(([, args]) => args);
  const { hear, sum } = report(given.seed, { isSample: given.sample });
  // Some bugs have their turn however slow the machine is.
  const spareMax = plants.length - plantsMin;
  const isLate = () =>
    given.sample && waiting.length <= spareMax && performance.now() > sampleSeconds.all * 1_000;
  const worker = async () => {
    while (waiting.length > 0 && !isLate()) await started(waiting.shift() ?? [], hear);
  };
  await Promise.all(Array.from({ length: processes }, worker));
  if (waiting.length > 0) console.log(`${waiting.length} planted bugs had no turn`);
  return sum();
}

async function replay(plan: string): Promise<number> {
  await import("./git/stand-in.ts");
  const { replayed } = await import("./sweep.ts");
  const flaws = await replayed(JSON.parse(plan));
  console.log(flaws.length === 0 ? "all is well" : flaws.join("\n"));
  return flaws.length;
}

if (given.part !== undefined) await work(given.part);
else process.exit((await (given.replay === undefined ? whole() : replay(given.replay))) === 0 ? 0 : 1);
