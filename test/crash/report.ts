/** What `npm run test:crash` prints, and how it counts what its processes say. */
import type { Proof } from "./plan.ts";
import type { Kind, Told } from "./sweep.ts";

/** What a process says, one line each. A planted bug is shown by a play that is `fine` without it. */
export type Said =
  | Told
  | { kind: "shown" | "missed"; what: string; proof: Proof; flaw: string }
  | { kind: "fine"; proof: Proof }
  | { kind: "turnless"; what: string };

/**
 * The part of the plays whose blow may fall on nobody. One process does the same every time, but for how writes
 * share a commit; real servers differ, although they are tried again. Of a sample's six kills one may.
 */
const unplayedMax: Record<Kind, number> = { death: 0.005, loss: 0.005, late: 0.01, pair: 0.01, kill: 0.02 };

/** A sample in which more planted bugs had no turn is proof of little. */
const turnlessMax = 4;

/** How often it is said how far things are. */
const everyMs = 60_000;

const kinds = Object.keys(unplayedMax) as Kind[];

/** How a play is said again. */
const again = (proof: Proof) => `    npm run test:crash -- --replay '${JSON.stringify(proof)}'`;

/** The planted bugs: each is caught by a play that ends badly with it and well without it. */
function plantsTable(print: (line: string) => void) {
  const fine = new Set<string>();
  const shown: { what: string; proof: Proof; flaw: string }[] = [];
  let [missed, turnless] = [0, 0];
  return {
    shows: (one: (typeof shown)[number]) => void shown.push(one),
    isFine: (proof: Proof) => void fine.add(JSON.stringify(proof)),
    misses: ({ what, proof, flaw }: (typeof shown)[number]) => {
      missed += 1;
      print(`MISSED  ${what}: ${flaw}\n${again(proof)}`);
    },
    hasNoTurn: ({ what }: { what: string }) => {
      turnless += 1;
      print(`NO TURN  ${what}`);
    },
    /** Prints them; how many were caught, how many were not, and how many nobody looked for. */
    sum: () => {
      const isCaught = ({ proof }: (typeof shown)[number]) => fine.has(JSON.stringify(proof));
      for (const { what, proof, flaw } of shown.filter(isCaught))
        print(`caught  ${what}  ←  ${JSON.stringify(proof)}: ${flaw}`);
      for (const { what, proof } of shown.filter((one) => !isCaught(one)))
        print(`MISSED  ${what}: its play is not known to end well without it\n${again(proof)}`);
      const caught = shown.filter(isCaught).length;
      return { caught, missed: missed + shown.length - caught, turnless };
    },
  };
}

/** Which kinds of plays there are, and of which there has been one. */
function kindsSeen() {
  const [all, had] = [new Set<string>(), new Set<string>()];
  return {
    planned: (names: string[] = []) => {
      for (const name of names) all.add(name);
    },
    played: (name: string | undefined) => void (name !== undefined && had.add(name)),
    sum: () => `${had.size} of ${all.size} kinds (story, what happens, call or write) have had a turn`,
  };
}

/** Prints as it hears; `sum` prints the totals and returns the number of failures. A sample may end before its plan. */
export function report(
  seed: string,
  { isSample, print = console.log }: { isSample: boolean; print?: (line: string) => void },
): { hear: (said: Said) => void; sum: () => number } {
  const began = performance.now();
  const counts = { death: 0, loss: 0, late: 0, pair: 0, kill: 0 };
  const unplayed = { death: 0, loss: 0, late: 0, pair: 0, kill: 0 };
  const sums = { points: 0, planned: 0, plays: 0, bad: 0, astray: 0 };
  const [plants, seen] = [plantsTable(print), kindsSeen()];
  let saidAt = began;
  print(`seed ${seed}`);
  const hearStory = ({ name, points, least, most }: Extract<Said, { kind: "story" }>) => {
    sums.points += points;
    const isAstray = points < least || points > most;
    sums.astray += isAstray ? 1 : 0;
    const record = least === most ? least : `${least} to ${most}`;
    print(
      `${name}: ${points} points${isAstray ? `, BUT ${record} are on record in test/crash/stories.ts` : ""}`,
    );
  };
  const hear = (said: Said) => {
    switch (said.kind) {
      case "bad":
        sums.bad += 1;
        return print(`BAD ${said.flaws.join("; ")}\n${again(said.plan)}`);
      case "story":
        return hearStory(said);
      case "planned":
        sums.planned += said.plays;
        return seen.planned(said.of);
      case "played":
        counts[said.what] += 1;
        sums.plays += 1;
        seen.played(said.of);
        if (performance.now() - saidAt <= everyMs) return;
        saidAt = performance.now();
        return print(`${sums.plays} of ${sums.planned} planned plays, ${sums.bad} bad endings`);
      case "unplayed":
        unplayed[said.what] += 1;
        return print(`NOT PLAYED (${said.what}): ${said.why}\n${again(said.plan)}`);
      case "shown":
        return plants.shows(said);
      case "missed":
        return plants.misses(said);
      case "fine":
        return plants.isFine(said.proof);
      case "turnless":
        return plants.hasNoTurn(said);
      default:
        return said satisfies never;
    }
  };
  const sum = () => {
    const { caught, missed, turnless } = plants.sum();
    const { death, loss, late, pair, kill } = counts;
    const idle = kinds.reduce((all, kind) => all + unplayed[kind], 0);
    const forgotten = isSample || sums.plays + idle === sums.planned ? 0 : 1;
    const round = (kind: Kind) => (kind === "kill" ? Math.ceil : Math.floor);
    const most = (kind: Kind) => round(kind)((counts[kind] + unplayed[kind]) * unplayedMax[kind]);
    const short = kinds.filter((kind) => unplayed[kind] > most(kind));
    for (const kind of short)
      print(`FEWER plays than planned: ${unplayed[kind]} of kind ${kind}, at most ${most(kind)} may be`);
    print(
      `${sums.points} points; ${sums.plays} of ${sums.planned} planned plays: ${death} deaths, ` +
        `${loss} lost replies, ${late} late deliveries, ${pair} pairs, ${kill} real kills; ` +
        `${idle} not played; ${sums.bad} bad endings`,
    );
    if (isSample) print(`a sample: ${seen.sum()}; npm run test:crash plays all but pairs, --all those too`);
    print(
      `${caught} of ${caught + missed} planted bugs caught, ${turnless} had no turn (at most ${turnlessMax} may have ` +
        `none); ${Math.round((performance.now() - began) / 1_000)} s`,
    );
    const unproven = Math.max(0, turnless - turnlessMax);
    return sums.bad + sums.astray + missed + unproven + short.length + forgotten;
  };
  return { hear, sum };
}
