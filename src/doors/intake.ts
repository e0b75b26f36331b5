/**
 * The Probot app: an inbox delivery becomes an intent, and an intent becomes a run or a word to one.
 * Probot receives from the inbox, not from the socket, so an error here is tried again and never loses
 * a delivery.
 */
import { Probot } from "probot";
import { readDelivery, storedEvents } from "../domain/delivery.ts";
import { isProblem } from "../domain/errors.ts";
import { type Intent, intentOf } from "../domain/intent.ts";
import { isFinal, isGone, type Place, type Run, type Stop } from "../domain/run.ts";
import { labelOf, sameLabel } from "../domain/settings.ts";
import { isAsked, readUpheaval } from "../domain/upheaval.ts";
import { isClosedPull } from "../github/pull.ts";
import { labelsStaleMs, triggerLabels } from "../mission/rulebook.ts";
import { rememberUnlabelled } from "../store/memos.ts";
import { liveRun, type RunKey } from "../store/runs.ts";
import type { DeliveryRow } from "../store/schema.ts";
import type { Asking } from "./admission.ts";
import { carryOutCommand, hearComment } from "./commands.ts";
import { hearEdit } from "./edits.ts";
import { hearChecks, hearPush, hearReview } from "./feedback.ts";
import { labelPutOn, labelTakenOff } from "./labelling.ts";
import { giveOwed } from "./owed.ts";
import { lockedAt } from "./precedence.ts";
import { hearProposed } from "./settings-check.ts";
import { beginRun } from "./starting.ts";
import { askRun, endTargets, holdTarget, rememberWord, targetOfStop, targetsBeside } from "./stopping.ts";
import { tellRefused } from "./terms.ts";
import { hearUpheaval } from "./upheavals.ts";
import { conclude, type IntakeParts, keyOf, verdictKind, written } from "./verdict.ts";

/** Works off one delivery of the inbox; the engine's worker for the kind `delivery`. */
export interface Intake {
  work(id: string): Promise<undefined>;
}

/** The intake, with Probot loaded and ready. */
export async function createIntake(parts: IntakeParts): Promise<Intake> {
  const { config, box, log, metrics } = parts;
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
      if (row?.state !== "waiting") return giveOwed(parts, id).then(() => undefined);
      if (!storedEvents.has(row.event))
        return box.finish(id, "ignored: event not used").then(() => undefined);
      try {
        // The cast: Probot's type wants the payload of one named event, and reads nothing from it.
        await probot.receive({ id, name: row.event, payload: JSON.parse(row.body) } as Parameters<
          Probot["receive"]
        >[0]);
        const verdict = await verdicts.get(id);
        log.info({ delivery_id: id, event_name: row.event, verdict }, "delivery worked off");
        metrics.deliveries.inc({ event: row.event, verdict: verdictKind(verdict ?? "") });
      } catch (error) {
        if (!isProblem(error) || error.kind === "later") throw error;
        log.warn({ delivery_id: id, err: error }, "delivery failed");
        metrics.deliveries.inc({ event: row.event, verdict: "failed" });
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
  const upheaval = readUpheaval(received.event, received.payload);
  if (upheaval) {
    const row = await parts.box.load(received.id);
    if (!row || (!isAsked(upheaval) && (await isReplay(parts, row))))
      return conclude(parts, received.id, "ignored: a copy of an earlier delivery");
    return hearUpheaval(parts, received.id, upheaval);
  }
  const reading = readDelivery(received.event, received.payload);
  if (reading.kind === "ignored") {
    if (reading.why === "body contradicts its event header")
      parts.metrics.suspects.inc({ door: "github", what: "headers" });
    return conclude(parts, received.id, `ignored: ${reading.why}`);
  }
  const row = await parts.box.load(received.id);
  if (!row) return "ignored: forgotten meanwhile";
  const intent = intentOf(reading.delivery, row.received_at);
  return carryOut(parts, row, intent);
}

/** A no of GitHub's to the App itself is told to whoever asked for something. */
async function carryOut(parts: IntakeParts, row: DeliveryRow, intent: Intent): Promise<string> {
  try {
    return await byKind(parts, row, intent);
  } catch (error) {
    if (!isProblem(error, "refused")) throw error;
    const wish = await wishIn(parts, intent);
    if (wish) await tellRefused(parts, wish, error);
    throw error;
  }
}

/** The command or the label of ours in it, as far as is known without the settings. */
async function wishIn({ rulebook }: IntakeParts, intent: Intent): Promise<Asking | undefined> {
  if (intent.kind === "start") {
    const names = await rulebook.labels(intent.place.installation);
    return names.some((name) => sameLabel(name, intent.label)) ? intent : undefined;
  }
  return intent.kind === "command" || (intent.kind === "review" && intent.isCommand) ? intent : undefined;
}

async function byKind(parts: IntakeParts, row: DeliveryRow, intent: Intent): Promise<string> {
  const delivery = row.id;
  const isLabelling = intent.kind === "start" || intent.kind === "unlabelled";
  if (!isLabelling && intent.kind !== "nothing" && (await isReplay(parts, row))) {
    return conclude(parts, delivery, "ignored: a copy of an earlier delivery");
  }
  switch (intent.kind) {
    case "nothing":
      return conclude(parts, delivery, `ignored: ${intent.why}`);
    case "unlabelled":
      return hearUnlabelled(parts, row, intent);
    case "edited":
      return hearEdit(parts, delivery, intent);
    case "stop":
      return stopFound(parts, row, await stopOf(parts, row, intent));
    case "pull closed":
      return stopFound(parts, row, { ...intent, key: keyOf("pull", intent.place) });
    case "start": {
      if (!(await isOurs(parts, intent))) return conclude(parts, delivery, notOurs);
      await parts.backlog.untilReadSince(row.received_at);
      const wish = await labelPutOn(parts, row, intent);
      if (wish.kind === "old") return conclude(parts, delivery, `ignored: ${wish.why}`);
      const refused = await parts.admission.refusal(intent);
      if (refused) return conclude(parts, delivery, refused);
      const { askedAt, triggerKey, offAt } = wish;
      const origin = { ...intent.origin, ...(askedAt === undefined ? {} : { askedAt }) };
      return beginRun(parts, delivery, { ...intent, origin, triggerKey, offAt });
    }
    case "said":
      return hearComment(parts, delivery, intent);
    case "command":
      return carryOutCommand(parts, delivery, intent);
    case "review":
      return hearReview(parts, delivery, intent);
    case "proposed":
      return hearProposed(parts, delivery, intent);
    case "checks failed":
      return hearChecks(parts, row, intent);
    case "pushed":
      return hearPush(parts, delivery, intent);
    default:
      return intent satisfies never;
  }
}

const notOurs = "ignored: not a label of ours";

type Labelled = { place: Place; label: string };

/** Is it a label that starts runs here? Old news of the settings will do: most labels have nothing to do with us. */
async function isOurs({ rulebook }: IntakeParts, { place, label }: Labelled): Promise<boolean> {
  const rules = await rulebook.at(place, { staleMs: labelsStaleMs });
  return labelOf(triggerLabels(rules), label) !== undefined;
}

/** A label taken off stops the run it started; one started by a command goes with any of its settings. */
async function hearUnlabelled(
  parts: IntakeParts,
  row: DeliveryRow,
  { place, label, id, stop }: Extract<Intent, { kind: "unlabelled" }>,
): Promise<string> {
  const key = keyOf("issue", place);
  const run = await liveRun(parts.store.db, key);
  const isIts = run && isLabelOf(run, { label, id });
  if (run?.phase === "working" && !isIts) return conclude(parts, row.id, notOurs);
  const off = run?.phase === "working" ? await labelTakenOff(parts, row, { run, label }) : {};
  if ("ignored" in off) return conclude(parts, row.id, `ignored: ${off.ignored}`);
  return stopFound(parts, row, { key, stop, label, ...off });
}

/** By its number, for it may have been renamed since, or by its name, for it may have been made anew. */
function isLabelOf(
  { origin, settings }: Run,
  { label, id }: { label: string; id: number | undefined },
): boolean {
  const { trigger, label: own } = origin;
  if (trigger.kind === "label" && trigger.id !== undefined && trigger.id === id) return true;
  return own === undefined ? labelOf(settings, label) !== undefined : sameLabel(own, label);
}

/** Of a lock only GitHub's record tells the time, which matters where there is a run. */
async function stopOf(
  parts: IntakeParts,
  { received_at: receivedAt }: DeliveryRow,
  { place, stop, ...told }: Extract<Intent, { kind: "stop" }>,
): Promise<Ended> {
  const key = keyOf("issue", place);
  const isLock = stop.why === "issue locked" && (await liveRun(parts.store.db, key)) !== undefined;
  const writtenAt = isLock ? await lockedAt(parts, place, receivedAt) : told.writtenAt;
  return { key, stop, ...(writtenAt === undefined ? {} : { writtenAt }) };
}

/** Deliveries other than labels carry what tells them apart: the same body twice is one thing said once. */
async function isReplay({ box }: IntakeParts, { id, body_hash }: DeliveryRow): Promise<boolean> {
  return (await box.lastCopy(body_hash, id)) !== undefined;
}

/** What a delivery would end. */
interface Ended {
  key: RunKey;
  stop: Stop;
  writtenAt?: number;
  /** Where it is a label that was taken off. */
  label?: string;
}

async function stopFound(
  parts: IntakeParts,
  { id: delivery, received_at: receivedAt }: DeliveryRow,
  { key, stop, writtenAt, label }: Ended,
): Promise<string> {
  const times = { writtenAt, receivedAt };
  const target = await targetOfStop(parts, key, times);
  // What is said on a closed pull request does not open it again.
  const isOver =
    key.kind === "pull" &&
    target.isOlder &&
    target.run &&
    (await isClosedPull(parts.github, target.run.place, key.pull));
  const isOlder = target.isOlder && !isOver;
  const closes = key.kind === "issue" && isFinal(stop);
  const beside = closes ? await targetsBeside(parts, key, { found: target, times }) : [];
  return written(parts, delivery, async (tx) => {
    const run = await holdTarget(tx, parts, { key, target });
    const wake = await endTargets(tx, parts, { targets: beside, stop });
    // What closes a pull request is about that one: the next may have been asked for already.
    if (label === undefined && key.kind === "issue")
      await rememberWord(tx, { key, run, times, isGone: isGone(stop) });
    // What was said before it, and comes after the run has ended, begins nothing.
    if (label !== undefined && key.kind === "issue" && !isOlder)
      await rememberUnlabelled(tx, { ...key, label }, stop.at);
    if (isOlder) return { verdict: "ignored: older than the run", wake };
    // Neither taking the label off again nor a lock closes what has already been proposed.
    if (run && (run.phase === "working" || isFinal(stop)))
      return { ...(await askRun(tx, run, stop)), wake: [run.id, ...wake] };
    return { verdict: "ignored: no run to stop", wake };
  });
}
