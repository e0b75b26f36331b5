/**
 * The Probot app: an inbox delivery becomes an intent, an intent becomes a run or a word to one, in one
 * transaction with the wake it causes and the delivery's verdict. Probot receives from the inbox, not from
 * the socket, so an error here is tried again and never loses a delivery.
 */
import { Probot } from "probot";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { readDelivery, storedEvents } from "../domain/delivery.ts";
import { isProblem } from "../domain/errors.ts";
import { runIdFrom } from "../domain/ids.ts";
import { type Intent, intentOf, type Said } from "../domain/intent.ts";
import type { Origin, Place, Stop } from "../domain/run.ts";
import { defaultSettings } from "../domain/settings.ts";
import { type Operator, resolveSettings } from "../domain/settings-layers.ts";
import type { Engine, Tx } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import type { Store } from "../store/database.ts";
import type { Inbox } from "../store/deliveries.ts";
import { writeApproval } from "../store/facts.ts";
import { addNote, liveRun, type RunKey, shiftRound, startRun, stopRun, waitingSince } from "../store/runs.ts";
import type { Admission } from "./admission.ts";

/** What the intake works with. */
export interface IntakeParts {
  config: Pick<Config, "app" | "github" | "limits">;
  store: Store;
  engine: Engine;
  box: Inbox;
  admission: Admission;
  clock: Clock;
  random: (bytes: number) => Uint8Array;
  log: Logger;
}

/** Works off one delivery of the inbox; the engine's worker for the kind `delivery`. */
export interface Intake {
  work(id: string): Promise<undefined>;
}

/** The intake, with Probot loaded and ready. */
export async function createIntake(parts: IntakeParts): Promise<Intake> {
  const { config, box, log } = parts;
  const probot = new Probot({
    appId: config.app.id,
    privateKey: config.app.privateKey.reveal(),
    // Signatures are verified at the door; Probot would otherwise fall back on a secret everybody knows.
    secret: config.app.webhookSecrets[0]?.reveal() ?? "",
    baseUrl: config.github.apiUrl,
    log,
  });
  // Probot's own error path logs whole payloads, so its handlers never throw: results wait here.
  const verdicts = new Map<string, Promise<string>>();
  await probot.load((app) => {
    app.onAny(({ id, name, payload }) => {
      verdicts.set(id, handle(parts, { id, event: name, payload }));
    });
  });
  await probot.ready();
  return {
    work: async (id) => {
      const row = await box.load(id);
      if (row?.state !== "waiting") return undefined;
      if (!storedEvents.has(row.event))
        return box.finish(id, "ignored: event not used").then(() => undefined);
      try {
        // The cast: Probot's type wants the payload of one named event, and reads nothing from it.
        await probot.receive({ id, name: row.event, payload: JSON.parse(row.body) } as Parameters<
          Probot["receive"]
        >[0]);
        const verdict = await verdicts.get(id);
        log.info({ delivery_id: id, event: row.event, verdict }, "delivery worked off");
      } catch (error) {
        if (!isProblem(error) || error.kind === "later") throw error;
        log.warn({ delivery_id: id, err: error }, "delivery failed");
        await box.fail(id, error);
      } finally {
        verdicts.delete(id);
      }
      return undefined;
    },
  };
}

interface Received {
  id: string;
  event: string;
  payload: unknown;
}

/** Does what the delivery asks, and returns the verdict that was written with it. */
async function handle(parts: IntakeParts, received: Received): Promise<string> {
  const reading = readDelivery(received.event, received.payload);
  if (reading.kind === "ignored") return conclude(parts, received.id, `ignored: ${reading.why}`);
  const intent = intentOf(reading.delivery, defaultSettings, parts.clock.now());
  return carryOut(parts, received.id, intent);
}

async function carryOut(parts: IntakeParts, delivery: string, intent: Intent): Promise<string> {
  switch (intent.kind) {
    case "nothing":
      return conclude(parts, delivery, `ignored: ${intent.why}`);
    case "stop":
      return stopFound(parts, delivery, { key: keyOf("issue", intent.place), stop: intent.stop });
    case "pull closed":
      return stopFound(parts, delivery, { key: keyOf("pull", intent.place), stop: intent.stop });
    case "start": {
      const refused = await parts.admission.refusal(intent);
      if (refused) return conclude(parts, delivery, refused);
      const row = await parts.box.load(delivery);
      return begin(parts, delivery, { ...intent, triggerKey: `label:${row?.body_hash ?? delivery}` });
    }
    case "said":
      return said(parts, delivery, intent);
    case "command":
      return command(parts, delivery, intent);
    default:
      return intent satisfies never;
  }
}

/** Writes the verdict alone. */
async function conclude({ box }: IntakeParts, delivery: string, verdict: string): Promise<string> {
  await box.finish(delivery, verdict);
  return verdict;
}

/** Writes a change, the wake of its run and the verdict together. */
async function written(
  { store, engine, box, clock }: IntakeParts,
  delivery: string,
  change: (tx: Tx) => Promise<{ verdict: string; wake?: string }>,
): Promise<string> {
  const verdict = await store.db.transaction().execute(async (tx) => {
    const done = await change(tx);
    if (done.wake !== undefined) await engine.wake(tx, { kind: "run", id: done.wake, at: clock.now() });
    await box.finish(delivery, done.verdict, tx);
    return done.verdict;
  });
  engine.knock();
  return verdict;
}

interface Start {
  place: Place;
  origin: Origin;
  triggerKey: string;
  label?: string;
}

function begin(parts: IntakeParts, delivery: string, start: Start): Promise<string> {
  const { settings } = resolveSettings({ operator: operatorOf(parts.config.limits) }, start.label);
  const id = runIdFrom(parts.random(20));
  return written(parts, delivery, async (tx) => {
    const { place, origin, triggerKey } = start;
    const began = await startRun(tx, { id, triggerKey, place, origin, settings, now: parts.clock.now() });
    if (began === "started") return { verdict: `run ${id} started`, wake: id };
    if (began === "known") return { verdict: "ignored: this trigger has had its run" };
    return note(tx, parts, { place, origin });
  });
}

/** What is said while a run is working becomes a note to it. */
async function note(tx: Tx, { clock }: IntakeParts, { place, origin }: Pick<Start, "place" | "origin">) {
  const run = await liveRun(tx, keyOf("issue", place));
  const { trigger, sender } = origin;
  if (!run || trigger.kind !== "command" || trigger.instructions === "")
    return { verdict: "ignored: a run is at work" };
  const since = await waitingSince(tx, run.id);
  if (since !== undefined) await shiftRound(tx, run.id, clock.now() - since);
  const text = trigger.instructions;
  await addNote(tx, run.id, {
    id: `comment:${trigger.commentId}`,
    author: sender.login,
    text,
    at: clock.now(),
  });
  return { verdict: `told to ${run.id}`, wake: run.id };
}

function operatorOf(limits: Config["limits"]): Operator {
  return {
    budgetUsdMax: limits.budgetCentsMax / 100,
    dayUsdMax: limits.dayCentsMax / 100,
    defaultActiveRuns: limits.activeRuns,
    defaultBudgetUsd: limits.budgetCents / 100,
  };
}

function stopFound(
  parts: IntakeParts,
  delivery: string,
  asked: { key: RunKey; stop: Stop },
): Promise<string> {
  return written(parts, delivery, async (tx) => {
    const run = await liveRun(tx, asked.key);
    // Taking the label off again does not close what has already been proposed.
    if (!run || (run.phase === "resting" && asked.stop.why === "label removed")) {
      return { verdict: "ignored: no run to stop" };
    }
    await stopRun(tx, run.id, asked.stop);
    return { verdict: `stop asked of ${run.id}`, wake: run.id };
  });
}

/** A comment without a command is the answer where a run waits for one, and nothing elsewhere. */
async function said(
  parts: IntakeParts,
  delivery: string,
  { place, origin, said: words }: { place: Place; origin: Origin; said: Said },
): Promise<string> {
  const { store } = parts;
  const run = await liveRun(store.db, keyOf("issue", place));
  if (!run || (await waitingSince(store.db, run.id)) === undefined) {
    return conclude(parts, delivery, "ignored: not a command");
  }
  if (!(await parts.admission.allowed({ place, origin, said: words }))) {
    return conclude(parts, delivery, "ignored: the answer of somebody who may not");
  }
  const trigger = { kind: "command" as const, commentId: words.id, instructions: words.body };
  return written(parts, delivery, (tx) => note(tx, parts, { place, origin: { ...origin, trigger } }));
}

async function command(
  parts: IntakeParts,
  delivery: string,
  intent: Extract<Intent, { kind: "command" }>,
): Promise<string> {
  const { reading, place, origin, said: words } = intent;
  if (reading.kind !== "command") return conclude(parts, delivery, `ignored: ${reading.kind} command`);
  const asked = reading.command;
  if (asked.kind !== "fix" && asked.kind !== "stop" && asked.kind !== "approve") {
    return conclude(parts, delivery, `ignored: ${asked.kind} is not carried out yet`);
  }
  if (intent.onPull && asked.kind === "fix")
    return conclude(parts, delivery, "ignored: command on a pull request");
  const who = asked.kind === "approve" ? ({ who: "maintain" } as const) : {};
  const refused = await parts.admission.refusal({ place, origin, said: words, ...who });
  if (refused) return conclude(parts, delivery, refused);
  if (asked.kind === "fix")
    return begin(parts, delivery, { place, origin, triggerKey: `comment:${words.id}` });
  if (asked.kind === "approve") return approve(parts, delivery, { place, origin, sha: asked.sha });
  const kind = intent.onPull ? "pull" : "issue";
  const asks: Stop = { why: "command", by: origin.sender.login, at: parts.clock.now() };
  return stopFound(parts, delivery, { key: keyOf(kind, place), stop: asks });
}

/** The run of a thread: an issue, or the pull request it opened. */
function keyOf(kind: "issue" | "pull", { repositoryId, issue }: Place): RunKey {
  return kind === "issue" ? { kind, repositoryId, issue } : { kind, repositoryId, pull: issue };
}

function approve(
  parts: IntakeParts,
  delivery: string,
  { place, origin, sha }: { place: Place; origin: Origin; sha: string | undefined },
): Promise<string> {
  return written(parts, delivery, async (tx) => {
    const run = await liveRun(tx, keyOf("issue", place));
    if (!run || sha === undefined) return { verdict: "ignored: nothing to approve" };
    if (run.settings.approval === "other" && run.origin.sender.id === origin.sender.id) {
      return { verdict: "ignored: the requester may not approve" };
    }
    await writeApproval(tx, run, { sha, by: origin.sender.login, at: parts.clock.now() });
    return { verdict: `approval told to ${run.id}`, wake: run.id };
  });
}
