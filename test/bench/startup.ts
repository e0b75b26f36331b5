/**
 * Start-up time and idle memory, beside a bare Probot's; the two take turns.
 */
import { pause, systemClock } from "../../src/clock.ts";
import { openWorld } from "./bench-world.ts";
import { median, spread } from "./figures.ts";
import { type Program, serve } from "./process.ts";

/** After this long a server that was started has come to rest. */
const restMs = 500;

/** Starts each so often, and prints. */
export async function printStarts({ starts }: { starts: number }): Promise<void> {
  const world = await openWorld();
  try {
    const sides = { ours: [] as Weighed[], probot: [] as Weighed[] };
    for (let turn = 0; turn < starts; turn += 1) {
      sides.ours.push(await weigh(world.service()));
      sides.probot.push(await weigh(world.probot("info")));
    }
    console.log(`\nStart-up and idle memory (${starts} starts each, ours on an empty data directory)`);
    for (const [name, side] of [
      ["Patchwright", sides.ours],
      ["bare Probot", sides.probot],
    ] as const) {
      const memory = side.flatMap(({ rssMiB }) => rssMiB ?? []);
      console.log(
        `  ${name}: ready after ${spread(side.map(({ startMs }) => startMs))} ms` +
          (memory.length > 0 ? `, ${spread(memory)} MiB resident` : ""),
      );
    }
    const ratio = (of: (one: Weighed) => number) =>
      (median(sides.ours.map(of)) / median(sides.probot.map(of))).toFixed(2);
    console.log(
      `  ratio: ${ratio(({ startMs }) => startMs)} start-up, ${ratio(({ rssMiB }) => rssMiB ?? Number.NaN)} memory`,
    );
  } finally {
    await world.close();
  }
}

interface Weighed {
  startMs: number;
  rssMiB: number | undefined;
}

async function weigh(program: Program): Promise<Weighed> {
  const server = await serve(program);
  await pause(systemClock, restMs);
  const weighed = { startMs: server.startMs, rssMiB: server.rssMiB() };
  await server.stop();
  return weighed;
}
