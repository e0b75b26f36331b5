/**
 * `npm run test:crash`: plays every story with the service dying at its points, judges the endings and
 * plants bugs to see that they are caught. Two processes share the work; a failure is one line that replays it.
 *
 *   --all           every return, every point of every story, every pair of the main one (hours)
 *   --seed N        the sample's seed, printed at the start
 *   --plants        only the planted bugs
 *   --replay PLAN   one play, as a failure printed it
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { plants, sow } from "./plants.ts";

const processes = 2;

const { values: given } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    seed: { type: "string", default: String(process.pid) },
    plants: { type: "boolean", default: false },
    replay: { type: "string" },
    /** Of the processes started here: `sweep`, or the number of a planted bug; and which share. */
    part: { type: "string" },
    share: { type: "string", default: "0" },
  },
});

/** What a process says, one line each. */
type Line =
  | { kind: "bad"; plan: unknown; flaws: string[] }
  | { kind: "story"; name: string; points: number; fewer: boolean }
  | { kind: "caught"; what: string; by: string }
  | { kind: "missed"; what: string }
  | { kind: "played"; plays: number; unreached: number; singles: number; losses: number; pairs: number };

const tell = (line: Line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** One share of the work, in a process of its own: a planted bug must be there before the service is loaded. */
async function work(part: string): Promise<void> {
  const bug = plants[Number(part)];
  if (bug) sow(bug);
  await import("./git/stand-in.ts");
  const { catchBug, sweep } = await import("./sweep.ts");
  const measure = { all: given.all, seed: Number(given.seed), singlesMax: 24, pairsMax: 60 };
  if (bug) {
    const by = await catchBug(bug, measure);
    tell(by === undefined ? { kind: "missed", what: bug.what } : { kind: "caught", what: bug.what, by });
  } else await sweep(measure, { share: Number(given.share), of: processes, tell });
  process.exit(0);
}

/** Starts a process and hears what it says; rejects when it fails. */
function started(args: string[], hear: (line: Line) => void): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const shared = [`--seed=${given.seed}`, ...(given.all ? ["--all"] : [])];
  const child = spawn(process.execPath, [file, ...shared, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  createInterface({ input: child.stdout }).on("line", (line) => hear(JSON.parse(line) as Line));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
  });
}

/** All of it. Resolves with the number of failures. */
async function whole(): Promise<number> {
  const began = performance.now();
  const sums = { plays: 0, unreached: 0, singles: 0, losses: 0, pairs: 0 };
  let [failures, caught] = [0, 0];
  const hear = (line: Line) => {
    if (line.kind === "bad") {
      failures += 1;
      console.log(
        `BAD ${line.flaws.join("; ")}\n    npm run test:crash -- --replay '${JSON.stringify(line.plan)}'`,
      );
    } else if (line.kind === "story") {
      failures += line.fewer ? 1 : 0;
      console.log(`${line.name}: ${line.points} points${line.fewer ? ", fewer than were recorded" : ""}`);
    } else if (line.kind === "caught") {
      caught += 1;
      console.log(`caught  ${line.what}  ←  ${line.by}`);
    } else if (line.kind === "missed") {
      failures += 1;
      console.log(`MISSED  ${line.what}`);
    } else for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += line[name];
  };
  console.log(`seed ${given.seed}`);
  if (!given.plants) {
    const shares = Array.from({ length: processes }, (_, share) => share);
    await Promise.all(shares.map((share) => started(["--part=sweep", `--share=${share}`], hear)));
    console.log(
      `${sums.singles} deaths, ${sums.losses} lost replies, ${sums.pairs} pairs: ${sums.plays} plays, ` +
        `${sums.unreached} whose last blow found nobody, ${failures} bad endings`,
    );
  }
  const waiting = plants.map((_, at) => String(at));
  const worker = async () => {
    for (let at = waiting.shift(); at !== undefined; at = waiting.shift())
      await started([`--part=${at}`], hear);
  };
  await Promise.all(Array.from({ length: processes }, worker));
  console.log(
    `${caught} of ${plants.length} planted bugs caught; ${Math.round((performance.now() - began) / 1000)} s`,
  );
  return failures;
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
