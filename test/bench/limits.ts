/**
 * `npm run bench:limits`: how the service keeps limits, its own and other people's: on a virtual clock, but for the
 * search for secrets, which plays the demonstration. Every figure is exact and repeats; one that misses its target
 * fails the command. Names of figures on the command line measure those alone; `--full` takes ten thousand of what
 * a thousand stand for, `--quick` as little as shows that every measurement works.
 */
import { burstPacing } from "./limits/burst.ts";
import { dayMoney } from "./limits/day-money.ts";
import type { Figure } from "./limits/figure.ts";
import { hostileText } from "./limits/hostile-text.ts";
import { secretsOut } from "./limits/leaks.ts";
import { besideBacklog } from "./limits/lone-label.ts";
import { whoMay } from "./limits/who-may.ts";

const figures: Figure[] = [burstPacing, besideBacklog, secretsOut, whoMay, dayMoney, hostileText];

const wanted = process.argv.slice(2).filter((one) => !one.startsWith("--"));
const chosen = figures.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
const began = performance.now();
const missed: string[] = [];
for (const { id, what, target, measure } of chosen.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
  const { words, met } = await measure();
  console.log(`${id}  ${what}\n     ${words}\n     target: ${target}${met ? "" : "  MISSED"}`);
  if (!met) missed.push(id);
}
console.log(`\n${((performance.now() - began) / 1000).toFixed(0)} s in all`);
for (const id of missed) console.error(`MISSED: ${id}`);
process.exitCode = missed.length > 0 ? 1 : 0;
