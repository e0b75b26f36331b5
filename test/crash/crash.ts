/**
 * `npm run test:crash`: plays every story with the service dying at its points and with GitHub's deliveries late,
 * kills real servers, judges the endings and plants bugs to see that they are caught. A failure is one line that
 * replays it.
 *
 *   (nothing)       every death of every story with every return, people's acts in the absence, every delivery late,
 *                   every real kill, some pairs of the main story
 *   --all           every pair of the main story besides: some fifteen thousand, an hour of two cores
 *   --sample        every planted bug, then a sample by the seed for as long as time allows, within five minutes: for CI
 *   --seed N        the seed, printed at the start
 *   --only PART     one part of it: plants, kills or sweep
 *   --replay PLAN   one play, as a failure printed it
 */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { shuffled } from "./chance.ts";
import type { Measure, Proof } from "./plan.ts";
import { sow } from "./plant.ts";
import { plants } from "./plants.ts";
import { report, type Said } from "./report.ts";

const processes = 2;
/** When, in seconds from its start, a sample begins no more planted bugs and nothing more at all; how long it kills. */
const sampleSeconds = { plants: 240, kills: 40, all: 255 };
/** Compiled code of one process serves the next: most of a planted bug's turn is a start. */
const compiledDir = join(tmpdir(), "patchwright-compiled");

const { values: given } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    sample: { type: "boolean", default: false },
    seed: { type: "string", default: String(process.pid) },
    only: { type: "string" },
    replay: { type: "string" },
    /**
     * Of the processes started here: `sweep`, `kills`, `proofs` (without their bugs), or the number of a planted bug;
     * which share; and for how many seconds.
     */
    part: { type: "string" },
    share: { type: "string", default: "0" },
    seconds: { type: "string" },
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
  const { killSweep, proved, sweep } = await import("./sweep.ts");
  const isOver = () => given.seconds !== undefined && performance.now() > Number(given.seconds) * 1_000;
  const share = { share: Number(given.share), of: processes, tell, isOver };
  if (bug) {
    const { what, proof } = bug;
    const { flaws, unplayed } = await proved(proof);
    const [flaw] = flaws;
    if (flaw !== undefined) tell({ kind: "shown", what, proof, flaw });
    else tell({ kind: "missed", what, proof, flaw: unplayed ?? "its play ends well" });
  } else if (part === "proofs") {
    for (const proof of proofs()) {
      const { flaws, unplayed } = await proved(proof);
      if (flaws.length === 0 && unplayed === undefined) tell({ kind: "fine", proof });
      else console.error(`without its bug: ${[...flaws, unplayed].join("; ")}: ${JSON.stringify(proof)}`);
    }
  } else await (part === "kills" ? killSweep : sweep)(measure, share);
  process.exit(0);
}

/** The plays that show planted bugs, each once. */
function proofs(): Proof[] {
  return [...new Map(plants.map(({ proof }) => [JSON.stringify(proof), proof])).values()];
}

/** Starts a process and hears what it says; rejects when it fails. */
function started(args: string[], hear: (said: Said) => void): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const extent = measure.extent === "singles" ? [] : [`--${measure.extent}`];
  const child = spawn(process.execPath, [file, `--seed=${given.seed}`, ...extent, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiledDir },
  });
  createInterface({ input: child.stdout }).on("line", (line) => hear(JSON.parse(line) as Said));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${args.join(" ")} ended with ${code}`)),
    );
  });
}

/** What is to be done, in this order: in a sample the planted bugs come first, since time may be over for the last. */
function partsOfAll(): string[][] {
  const sweep = Array.from({ length: processes }, (_, share) => ["sweep", `--share=${share}`]);
  const bugs = shuffled([...plants.keys()], measure.seed).map((at) => [String(at)]);
  const parts = { plants: [["proofs"], ...bugs], kills: [["kills"]], sweep };
  const order = given.sample
    ? (["plants", "kills", "sweep"] as const)
    : (["sweep", "kills", "plants"] as const);
  return order
    .filter((name) => given.only === undefined || given.only === name)
    .flatMap((name) => parts[name]);
}

/** All of it. Resolves with the number of failures. */
async function whole(): Promise<number> {
  const waiting = partsOfAll();
  const { hear, sum } = report(given.seed, { isSample: given.sample });
  const leftOf = (seconds: number) => Math.max(0, seconds - performance.now() / 1_000);
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [part = "", ...more] = next;
      const bug = plants[Number(part)];
      const left = leftOf(sampleSeconds.all);
      const seconds = part === "kills" ? Math.min(sampleSeconds.kills, left) : left;
      if (bug && given.sample && leftOf(sampleSeconds.plants) === 0)
        hear({ kind: "turnless", what: bug.what });
      else
        await started(
          [`--part=${part}`, ...more, ...(given.sample && !bug ? [`--seconds=${seconds}`] : [])],
          hear,
        );
    }
  };
  await Promise.all(Array.from({ length: processes }, worker));
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
