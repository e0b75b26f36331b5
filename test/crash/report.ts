/** What `npm run test:crash` prints, and how it counts what its processes say. */
import type { Told } from "./sweep.ts";

/** What a process says, one line each. */
export type Said = Told | { kind: "caught"; what: string; by: string } | { kind: "missed"; what: string };

/** Of so many plays one may come to its end before the blow; a real run differs from the recorded one now and then. */
const unreachedMax = { kill: 0.2 };

/** How often it is said how far things are. */
const everyMs = 60_000;

/** Prints as it hears; `sum` prints the totals and returns the number of failures. */
export function report(seed: string): { hear: (said: Said) => void; sum: () => number } {
  const began = performance.now();
  const counts = { death: 0, loss: 0, pair: 0, kill: 0 };
  const sums = { points: 0, planned: 0, plays: 0, unreached: 0, bad: 0, fewer: 0, caught: 0, missed: 0 };
  let [killsUnreached, saidAt] = [0, began];
  console.log(`seed ${seed}`);
  const hear = (said: Said) => {
    if (said.kind === "bad") {
      sums.bad += 1;
      const line = `npm run test:crash -- --replay '${JSON.stringify(said.plan)}'`;
      console.log(`BAD ${said.flaws.join("; ")}\n    ${line}`);
    } else if (said.kind === "story") {
      sums.points += said.points;
      sums.fewer += said.fewer ? 1 : 0;
      const less = said.fewer ? ", FEWER than test/crash/stories.ts has on record" : "";
      console.log(`${said.name}: ${said.points} points${less}`);
    } else if (said.kind === "planned") sums.planned += said.plays;
    else if (said.kind === "played") {
      counts[said.what] += 1;
      sums.plays += 1;
      sums.unreached += said.unreached ? 1 : 0;
      killsUnreached += said.unreached && said.what === "kill" ? 1 : 0;
      if (performance.now() - saidAt > everyMs) {
        saidAt = performance.now();
        console.log(`${sums.plays} of ${sums.planned} planned plays, ${sums.bad} bad endings`);
      }
    } else {
      sums[said.kind] += 1;
      const by = said.kind === "caught" ? `  ←  ${said.by}` : "";
      console.log(`${said.kind === "caught" ? "caught" : "MISSED"}  ${said.what}${by}`);
    }
  };
  const sum = () => {
    const { death, loss, pair, kill } = counts;
    const missedBlows = killsUnreached > Math.max(2, kill * unreachedMax.kill) ? 1 : 0;
    if (missedBlows > 0) console.log(`${killsUnreached} of ${kill} servers were never killed`);
    console.log(
      `${sums.points} points; ${sums.plays} of ${sums.planned} planned plays: ${death} deaths, ` +
        `${loss} lost replies, ${pair} pairs, ${kill} real kills; ${sums.unreached} whose last blow found nobody; ` +
        `${sums.bad} bad endings`,
    );
    console.log(
      `${sums.caught} of ${sums.caught + sums.missed} planted bugs caught; ` +
        `${Math.round((performance.now() - began) / 1_000)} s`,
    );
    return sums.bad + sums.fewer + sums.missed + missedBlows;
  };
  return { hear, sum };
}
