/**
 * GitHub's deliveries in: raw bytes, signature, inbox row, 202. Nothing is done with one before it is
 * durable. Answers name what is wrong and echo nothing of the payload; it does not know what deliveries mean.
 */
import { isUtf8 } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { ownerOf, storedEvents } from "../domain/delivery.ts";
import { isMembers } from "../domain/delivery-kind.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { idleness } from "../domain/idleness.ts";
import type { Logger, Seldom } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Inbox } from "../store/deliveries.ts";
import type { LabelMemory } from "./label-memory.ts";
import type { Answer, Knock } from "./server.ts";

/** GitHub's own cap (documentation of webhook payloads). */
const bodyBytesMax = 25 * 1024 * 1024;
const idCharactersMax = 128;
const eventCharactersMax = 100;
/** GitHub gives up after ten seconds, and asks no second time by itself: the sweep brings back what was refused. */
const storeMsMax = 3_000;

/** What is of interest only where a run is alive. */
const onlyForRuns: ReadonlySet<string> = new Set(["push", "create", "delete"]);

/** What the door needs. */
export interface GitHubDoor {
  config: Pick<Config, "app" | "owners">;
  box: Pick<Inbox, "append" | "load">;
  /** Has a repository (by number) a run that has not ended, or only just? Pushes to others are not stored. */
  hasRun: (repositoryId: number) => Promise<boolean>;
  labels: Pick<LabelMemory, "isForeign">;
  /** Hears of every push, stored or not. */
  pushed: (payload: unknown) => Promise<void>;
  log: Logger;
  /** What strangers can cause at will. */
  warn: Seldom;
  metrics: Pick<Metrics, "suspects" | "deliveries">;
  clock: Clock;
}

/** Takes one delivery. */
export async function takeDelivery(door: GitHubDoor, { header, read }: Knock): Promise<Answer> {
  const { config, warn, metrics } = door;
  if (!/^application\/json\s*(;|$)/i.test(header("content-type") ?? "")) {
    return { status: 415, text: "send application/json: set the webhook's content type" };
  }
  if (header("content-encoding")) return { status: 415, text: "send the body without content-encoding" };
  const id = header("x-github-delivery") ?? "";
  const event = header("x-github-event") ?? "";
  if (id === "" || id.length > idCharactersMax)
    return { status: 400, text: "X-GitHub-Delivery is missing or too long" };
  if (event === "" || event.length > eventCharactersMax)
    return { status: 400, text: "X-GitHub-Event is missing or too long" };
  if (Number(header("content-length") ?? 0) > bodyBytesMax) return tooLarge;
  const signature = header("x-hub-signature-256") ?? "";
  if (!/^sha256=[0-9a-f]{64}$/.test(signature)) return unsigned;
  const body = await read(bodyBytesMax);
  if (body.kind === "too large") return tooLarge;
  if (body.kind === "aborted") return { status: 400, text: "the body ended early" };
  if (!signed(config.app.webhookSecrets, body.bytes, signature)) {
    warn({ delivery_id: id }, "delivery with a bad signature");
    metrics.suspects.inc({ door: "github", what: "signature" });
    return unsigned;
  }
  const text = isUtf8(body.bytes) ? body.bytes.toString("utf8") : "";
  const payload = parsed(text);
  if (!isMembers(payload) || Object.keys(payload).length === 0)
    return { status: 400, text: "the body is not a JSON object with members" };
  if (!storedEvents.has(event) || !isForUs(config, header, payload)) return ignored;
  return storedInTime(door, { id, event, text, payload });
}

/** A delivery that is signed and for us. */
interface Arrived {
  id: string;
  event: string;
  text: string;
  payload: Record<string, unknown>;
}

/** The answer once the delivery is durable, or GitHub is asked to come again while it still listens. */
async function storedInTime(door: GitHubDoor, arrived: Arrived): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const off = door.clock.after(storeMsMax, () => late.reject(storeSlow()));
  try {
    return await Promise.race([stored(door, arrived), late.promise]);
  } catch (error) {
    door.log.error({ delivery_id: arrived.id, err: error }, "delivery could not be stored");
    if (isProblem(error, "later")) return { status: 503, text: "could not be stored; deliver it again" };
    throw error;
  } finally {
    off();
  }
}

/** What is stored after all finds its id known when GitHub, or the caretaker, brings it again. */
function storeSlow(): Problem {
  const words = `The store has not taken the delivery within ${storeMsMax / 1_000} s.`;
  return new Problem("later", "store_unavailable", words);
}

async function stored(door: GitHubDoor, { id, event, text, payload }: Arrived): Promise<Answer> {
  const { box, hasRun, pushed, labels, metrics } = door;
  if (event === "push") await pushed(payload);
  if (onlyForRuns.has(event) && !(await hasRun(repositoryOf(payload)))) return ignored;
  const idle = idleness(event, payload, labels.isForeign);
  const verdict = idle === undefined ? {} : { verdict: `ignored: ${idle}` };
  const appended = await box.append({ id, event, body: text, ...verdict });
  if (appended === "known") await compare(door, id, payload);
  if (idle !== undefined) metrics.deliveries.inc({ event, verdict: "ignored" });
  return accepted;
}

/** The id is not under the signature: one that comes again with another body is somebody's doing. The first one stays. */
async function compare({ box, warn, metrics }: GitHubDoor, id: string, payload: unknown): Promise<void> {
  const first = (await box.load(id))?.body;
  // Emptied with age; and what the caretaker brought was written anew, so that bytes cannot be compared.
  if (!first || JSON.stringify(JSON.parse(first)) === JSON.stringify(payload)) return;
  warn({ delivery_id: id }, "delivery id of another body");
  metrics.suspects.inc({ door: "github", what: "id" });
}

const accepted: Answer = { status: 202, text: "accepted" };
const ignored: Answer = { status: 202, text: "ignored" };
const tooLarge: Answer = { status: 413, text: "the body is larger than 25 MiB" };
const unsigned: Answer = {
  status: 401,
  text: "X-Hub-Signature-256 is missing or does not match the webhook secret",
};

/** By any of the secrets (two while rotating), over the bytes as they came: not every body is text. */
function signed(secrets: Config["app"]["webhookSecrets"], bytes: Buffer, signature: string): boolean {
  const given = Buffer.from(signature.slice("sha256=".length), "hex");
  return secrets.some((secret) =>
    timingSafeEqual(given, createHmac("sha256", secret.reveal()).update(bytes).digest()),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The repository's number; 0, which is nobody's, where the payload names none. */
function repositoryOf({ repository }: Record<string, unknown>): number {
  return isMembers(repository) && typeof repository["id"] === "number" ? repository["id"] : 0;
}

/** A delivery of another App, or of an owner who is not served, is answered and forgotten. */
function isForUs(
  config: GitHubDoor["config"],
  header: Knock["header"],
  payload: Record<string, unknown>,
): boolean {
  const target = header("x-github-hook-installation-target-id");
  const type = header("x-github-hook-installation-target-type");
  if (target !== undefined && type === "integration" && target !== String(config.app.id)) return false;
  if (!config.owners) return true;
  const owner = ownerOf(payload);
  return owner !== undefined && config.owners.includes(owner);
}
