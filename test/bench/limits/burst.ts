/**
 * S10: a burst of issues labelled at once, in one installation and in several. `--full` makes it ten thousand issues.
 */
import { type Figure, type Measured, size } from "./figure.ts";
import { openModel } from "./model.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
const contentAnHour = 500;

/** Ten thousand issues take a quarter of an hour of the machine; a thousand show the same limits at work. */
const backlog = { full: 10_000, usual: 1_000, quick: 600 }[size];
/** How long one installation is watched, and how many others at once, for an hour. */
const { hoursOfOne, many } = {
  full: { hoursOfOne: 8, many: 10 },
  usual: { hoursOfOne: 2, many: 3 },
  quick: { hoursOfOne: 1, many: 2 },
}[size];
/** A run's last words, its pull request and the request for a review; first words only where there is room. */
const contentOfRun = 3;

const runIds = (installation: number, count: number) =>
  Array.from({ length: count }, (_, at) => `run_${installation}_${at}`);

/** Lets a burst work for so many hours. Resolves with the shares of what GitHub allows: calls, and runs. */
async function burst(installations: number, hours: number) {
  const world = await openModel({ agentMs: 3 * minuteMs });
  for (let one = 1; one <= installations; one += 1)
    await world.label(one, one, runIds(one, backlog / installations));
  await world.clock.advance(hours * hourMs);
  const { github } = world;
  const total = (all: Map<string, number>) => [...all.values()].reduce((sum, count) => sum + count, 0);
  const allowed = installations * hours * contentAnHour;
  const through = {
    calls: total(github.content) / allowed,
    runs: (total(github.pulls) * contentOfRun) / allowed,
  };
  await world.close();
  return { ...through, pulls: total(github.pulls), violations: github.violations };
}

async function pacing(): Promise<Measured> {
  const one = await burst(1, hoursOfOne);
  const several = await burst(many, 1);
  const words = [one, several].map(
    ({ calls, runs, pulls, violations }, at) =>
      `${at === 0 ? `1 installation, ${hoursOfOne} h` : `${many} installations, 1 h`}: ${calls.toFixed(3)} of the content calls GitHub allows, ${pulls} pull requests (${runs.toFixed(3)} of what they are enough for), ${violations} violations`,
  );
  return {
    words: words.join("\n     "),
    met: [one, several].every(({ calls, violations }) => calls >= 0.95 && violations === 0),
  };
}

/** Pacing in a burst. */
export const burstPacing: Figure = {
  id: "S10",
  what: `${backlog} issues labelled at once: how much of what GitHub allows gets through`,
  target: "at least 0.95; 0 violations",
  measure: pacing,
};
