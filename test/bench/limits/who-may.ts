/** S24: who may start what, cell by cell, and what a crowd of strangers costs. `--full` makes it ten thousand of them. */
import { crowd } from "../../stories/crowd.ts";
import { matrix } from "../../stories/who-may.ts";
import { type Figure, type Measured, size } from "./figure.ts";

const comments = { full: 10_000, usual: 1_000, quick: 100 }[size];

async function measure(): Promise<Measured> {
  const { cells, wrongStarts, callsPerRefusal, callsPerRefusalMost } = await matrix();
  const wrong = cells.filter(({ wanted, found }) => wanted !== found);
  const cost = await crowd({ comments });
  const words = [
    `${cells.length} cells: ${wrongStarts} wrong starts, ${wrong.length} other than promised; ${callsPerRefusal.toFixed(2)} questions to GitHub a refusal (most ${callsPerRefusalMost})`,
    `${comments} comments of as many strangers within an hour: ${cost.reads} reads, ${cost.reactions} reactions, ${cost.otherWrites} other writes, ${cost.sessions - 1} sessions; a writer among them is ${cost.isWriterHeard ? "" : "not "}heard`,
  ];
  const isQuiet = cost.reads <= 100 && cost.reactions <= 20 && cost.otherWrites === 0;
  return {
    words: words.join("\n     "),
    met:
      cells.length >= 120 &&
      wrongStarts + wrong.length === 0 &&
      callsPerRefusal <= 1 &&
      isQuiet &&
      cost.sessions === 1 &&
      cost.isWriterHeard,
  };
}

/** Actors and triggers. */
export const whoMay: Figure = {
  id: "S24",
  what: "actors and triggers: runs started by somebody who may not, and what refusals cost",
  target:
    "0 of at least 120 cells; at most 1 question a refusal; a crowd: at most 100 reads, 20 reactions, nothing else",
  measure,
};
