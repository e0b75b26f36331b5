/**
 * S11: one label in a repository that has no run at work, beside the backlog of another repository of the same
 * installation. `--full` makes it ten thousand issues.
 */
import { type Figure, type Measured, size } from "./figure.ts";
import { type ModelWorld, openModel } from "./model.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
const backlog = size === "full" ? 10_000 : 1_000;

/** Virtual time from a label to its session. */
async function started(world: ModelWorld): Promise<number> {
  const began = world.clock.now();
  await world.label(1, 2, ["lone"]);
  for (let waitedMs = 0; !world.sessions.has("lone") && waitedMs < hourMs; waitedMs += 100)
    await world.clock.advance(100);
  return (world.sessions.get("lone") ?? Number.POSITIVE_INFINITY) - began;
}

async function loneLabel(): Promise<Measured> {
  const setting = { agentMs: 30 * minuteMs, latencyMs: 250 };
  const quiet = await openModel(setting);
  await quiet.label(1, 1, ["first"]);
  await quiet.clock.advance(minuteMs);
  const alone = await started(quiet);
  await quiet.close();
  const busy = await openModel(setting);
  await busy.label(
    1,
    1,
    Array.from({ length: backlog }, (_, at) => `run_${at}`),
  );
  await busy.clock.advance(5 * minuteMs);
  const beside = await started(busy);
  await busy.close();
  return {
    words: `${alone} ms to the session alone, ${beside} ms beside ${backlog} of another repository (every call takes ${setting.latencyMs} ms): ratio ${(beside / alone).toFixed(2)}`,
    met: Number.isFinite(beside) && beside <= 2 * alone,
  };
}

/** A lone label beside a backlog. */
export const besideBacklog: Figure = {
  id: "S11",
  what: "a lone label beside a backlog: start time over that without one",
  target: "at most 2",
  measure: loneLabel,
};
