/**
 * Which of the status comment's edits may wait for room in GitHub's limits. The store and the ledger are real;
 * GitHub remembers under which urgency it was asked.
 */
import { expect, test } from "vitest";
import type { State } from "../../src/domain/words.ts";
import { createLogger } from "../../src/log.ts";
import { ledgerOf } from "../../src/mission/ledger.ts";
import { showState } from "../../src/mission/status.ts";
import type { Tools } from "../../src/mission/tools.ts";
import { holdRun } from "../../src/store/runs.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { withRun } from "../store/run.ts";

const minute = 60_000;

/** A run whose comment is posted, and the urgency of each edit. */
async function scene() {
  const clock = new VirtualClock();
  const { store, id } = await withRun(clock.now());
  const held = await holdRun(store.db, id);
  if (!held) throw new Error("no run");
  const ledger = ledgerOf(store, held, clock);
  await ledger.write("comment", { id: 1, url: "" });
  const edits: string[] = [];
  const at = (urgency: string) => ({
    at,
    of: () => ({ rest: { issues: { updateComment: async () => edits.push(urgency) } } }),
  });
  const log = createLogger("silent");
  // The cast: an edit needs no more of the tools than these.
  const tools = {
    ...{ clock, store, held, ledger, log, github: at("needed") },
    ...{ agents: {}, config: { server: {} } },
  } as unknown as Tools;
  return { clock, tools, edits, run: held.run };
}

const working: State = { kind: "working" };

test("progress may wait for room, what people are waited for may not", async () => {
  const { clock, tools, edits, run } = await scene();
  await clock.advance(minute);
  await showState(tools, working);
  expect(edits).toEqual(["early"]);
  await showState(tools, { kind: "waiting for an answer" });
  expect(edits).toEqual(["early", "needed"]);
  await showState(tools, working);
  expect(edits).toHaveLength(3);
  run.progress = { ...run.progress, words: "Reading." };
  await showState(tools, working);
  expect(edits).toHaveLength(3);
  await clock.advance(3 * minute);
  await showState(tools, working);
  expect(edits.slice(2)).toEqual(["early", "early"]);
});
