/**
 * `npm run bench`: what a run costs in calls, and what the service costs beside a bare Probot.
 * The counts are exact and fail the command when they exceed their limits. The times are this machine's, told
 * with their noise and never a failure; only the ratios, whose two sides take turns, mean anything elsewhere.
 * `--quick` takes a fifth of the time: enough to see that it works, too few samples to rely on.
 */
import { printAcknowledgements } from "./acknowledgement.ts";
import { printCalls } from "./calls.ts";
import { printReactions } from "./reaction.ts";
import { printStarts } from "./startup.ts";

const quick = process.argv.includes("--quick");
const began = performance.now();
const exceeded = await printCalls();
await printReactions(quick ? { labels: 20 } : { labels: 240 });
await printStarts(quick ? { starts: 1 } : { starts: 5 });
await printAcknowledgements(quick ? { rounds: 1, roundS: 1 } : { rounds: 9, roundS: 1.5 });
console.log(`\n${((performance.now() - began) / 1000).toFixed(0)} s in all`);
for (const words of exceeded) console.error(`EXCEEDED: ${words}`);
process.exitCode = exceeded.length > 0 ? 1 : 0;
