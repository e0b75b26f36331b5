/** What `npm run test:crash` prints, and how it counts what its processes say. */
import type { Kind, Told } from "./sweep.ts";

/** What a process says, one line each. */
export type Said = Told | { kind: "caught"; what: string; by: string } | { kind: "missed"; what: string };

/**
 * The part of the plays whose blow may fall on nobody. One process does the same every time, but for how writes
 * share a commit; real servers differ, although they are tried again.
 */
const unplayedMax: Record<Kind, number> = { death: 0.005, loss: 0.005, pair: 0.01, kill: 0.02 };

/** How often it is said how far things are. */
const everyMs = 60_000;

const kinds = Object.keys(unplayedMax) as Kind[];

/** Prints as it hears; `sum` prints the totals and returns the number of failures. A sample may end before its plan. */
export function report(
  seed: string,
  { isSample, print = console.log }: { isSample: boolean; print?: (line: string) => void },
): { hear: (said: Said) => void; sum: () => number } {
  const began = performance.now();
  const counts = { death: 0, loss: 0, pair: 0, kill: 0 };
  const unplayed = { death: 0, loss: 0, pair: 0, kill: 0 };
  const sums = { points: 0, planned: 0, plays: 0, bad: 0, astray: 0, caught: 0, missed: 0 };
  let saidAt = began;
  const bad = (said: string, plan: unknown) =>
    print(`${said}\n    npm run test:crash -- --replay '${JSON.stringify(plan)}'`);
  print(`seed ${seed}`);
  const hear = (said: Said) => {
    if (said.kind === "bad") {
      sums.bad += 1;
      bad(`BAD ${said.flaws.join("; ")}`, said.plan);
    } else if (said.kind === "story") {
      sums.points += said.points;
      const { name, points, least, most } = said;
      const isAstray = points < least || points > most;
      sums.astray += isAstray ? 1 : 0;
      const record = least === most ? least : `${least} to ${most}`;
      print(
        `${name}: ${points} points${isAstray ? `, BUT ${record} are on record in test/crash/stories.ts` : ""}`,
      );
    } else if (said.kind === "planned") sums.planned += said.plays;
    else if (said.kind === "played") {
      counts[said.what] += 1;
      sums.plays += 1;
      if (performance.now() - saidAt > everyMs) {
        saidAt = performance.now();
        print(`${sums.plays} of ${sums.planned} planned plays, ${sums.bad} bad endings`);
      }
    } else if (said.kind === "unplayed") {
      unplayed[said.what] += 1;
      bad(`NOT PLAYED (${said.what}): ${said.why}`, said.plan);
    } else {
      sums[said.kind] += 1;
      const by = said.kind === "caught" ? `  ←  ${said.by}` : "";
      print(`${said.kind === "caught" ? "caught" : "MISSED"}  ${said.what}${by}`);
    }
  };
  const sum = () => {
    const { death, loss, pair, kill } = counts;
    const idle = kinds.reduce((all, kind) => all + unplayed[kind], 0);
    const forgotten = isSample || sums.plays + idle === sums.planned ? 0 : 1;
    const most = (kind: Kind) => Math.floor((counts[kind] + unplayed[kind]) * unplayedMax[kind]);
    const short = kinds.filter((kind) => unplayed[kind] > most(kind));
    for (const kind of short)
      print(`FEWER plays than planned: ${unplayed[kind]} of kind ${kind}, at most ${most(kind)} may be`);
    print(
      `${sums.points} points; ${sums.plays} of ${sums.planned} planned plays: ${death} deaths, ` +
        `${loss} lost replies, ${pair} pairs, ${kill} real kills; ` +
        `${idle} not played; ${sums.bad} bad endings`,
    );
    print(
      `${sums.caught} of ${sums.caught + sums.missed} planted bugs caught; ` +
        `${Math.round((performance.now() - began) / 1_000)} s`,
    );
    return sums.bad + sums.astray + sums.missed + short.length + forgotten;
  };
  return { hear, sum };
}
