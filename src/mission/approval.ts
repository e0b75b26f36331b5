/**
 * Work that is held back waits for somebody who may let it through: shown, reminded of once, and given up in time.
 */
import { commentMarker } from "../domain/ids.ts";
import { heldText, reminderComment } from "../domain/words.ts";
import { comment } from "../github/issue.ts";
import { showHeld } from "./conversation.ts";
import { noted } from "./facts.ts";
import type { Held } from "./proposal.ts";
import { unheard } from "./report.ts";
import { showState } from "./status.ts";
import type { Tools } from "./tools.ts";
import { stepAside } from "./turn.ts";

/** How long held work waits for an approval, milliseconds. */
export const heldMs = 7 * 24 * 60 * 60_000;
const reminderMs = 24 * 60 * 60_000;

/** Shows what is held, reminds after a day. Returns when to come back; undefined when nobody has come in time. */
export async function waitForApproval(tools: Tools, held: Held): Promise<number | undefined> {
  const { ledger, clock, github } = tools;
  const { run } = tools.held;
  const heldFact = `held ${held.head}` as const;
  await ledger.once(heldFact, noted({ reasons: held.reasons, more: held.more }));
  const since = ledger.writtenAt(heldFact) ?? clock.now();
  if (clock.now() >= since + heldMs) return undefined;
  const state = { ...held, kind: "waiting for approval", of: "head" } as const;
  if (tools.held.run.held !== held.head) tools.metrics.waits.inc({ kind: "head" });
  await tools.ledger.change({ held: held.head });
  await stepAside(tools);
  await showState(tools, state).catch((error: unknown) => unheard(tools, error));
  await showHeld(tools, held.head, heldText(state)).catch((error: unknown) => unheard(tools, error));
  if (clock.now() < since + reminderMs) return since + reminderMs;
  const marker = commentMarker(run.id, `reminder-${held.head}`);
  const body = reminderComment(run, state, marker);
  await ledger
    .once(`reminder ${held.head}`, comment(github, run.place, { marker, body, since }))
    .catch((error: unknown) => unheard(tools, error));
  return since + heldMs;
}
