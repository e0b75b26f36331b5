/**
 * Who may: asked of GitHub, failing closed. A refused person gets one reply per thread that says what was
 * missing and who can grant it; an outsider on a public repository a reaction and nothing else.
 */
import type { Clock } from "../clock.ts";
import { isProblem } from "../domain/errors.ts";
import { type Level, ofCrowd, type Permission, type Role, silenceText } from "../domain/permission.ts";
import { isNoteOf, type Origin, type Person, type Place } from "../domain/run.ts";
import type { Said } from "../domain/said.ts";
import type { GitHub } from "../github/client.ts";
import { targetOfSaid } from "../github/issue.ts";
import { isPaced } from "../github/pace.ts";
import type { Permits } from "../mission/permits.ts";
import type { Store } from "../store/database.ts";
import { notesOf } from "../store/notes.ts";
import { liveRun } from "../store/runs.ts";
import { type Crowd, createCrowd } from "./crowd.ts";
import { reactOnce, replyOnce, replyOrReact } from "./replies.ts";

/** Somebody who asks for something. */
export interface Asking {
  place: Place;
  origin: Origin;
  said?: Said;
  /** The least role; the settings' `who` when left out. */
  who?: Role;
}

/** Decides who may start, steer and approve. */
export interface Admission {
  /** Undefined when the sender may; otherwise they have been told, and this is the verdict. */
  refusal(asking: Asking): Promise<string | undefined>;
  /** What the sender's role is here. */
  level(asking: Asking): Promise<Level>;
  /** May the sender? Says nothing to anybody. */
  allowed(asking: Asking): Promise<boolean>;
}

/** What the admission asks. */
export interface AdmissionParts {
  github: GitHub;
  permits: Permits;
  store: Store;
  clock: Clock;
}

/** Outsiders' reactions an hour in one repository. */
const reactionsMax = 20;
/** How long GitHub may leave the question open before people hear of it, and how many threads of a repository an hour. */
const silentMs = 10 * 60_000;
const silencesMax = 5;

/** Admission by GitHub's word. */
export function createAdmission(asked: AdmissionParts): Admission {
  const parts = { ...asked, crowd: createCrowd(asked.clock) };
  return {
    level: async (asking) => (await decide(parts, asking)).has,
    allowed: async (asking) => (await decide(parts, asking)).kind === "allowed",
    refusal: async (asking) => {
      const decision = await decide(parts, asking).catch((error: unknown) =>
        tellSilence(parts, asking, error),
      );
      if (decision.kind === "allowed") return undefined;
      if (decision.code !== "own_bot" && decision.code !== "crowd")
        await tellRefusal(parts, asking, decision);
      return `refused: ${decision.code}`;
    },
  };
}

async function decide(
  { permits, crowd, store }: AdmissionParts & { crowd: Crowd },
  { place, origin, said, who }: Asking,
): Promise<Permission> {
  const { sender } = origin;
  const isOpen = !origin.private && sender.type === "User";
  const isOfCrowd = isOpen && said !== undefined && !said.belongs;
  if (isOfCrowd && !crowd.hears(place.repositoryId, sender.id) && !(await isInvolved(store, place, sender)))
    return ofCrowd(who ?? "write");
  const viaApp = said?.viaApp ?? origin.viaApp;
  const decision = await permits.decide({ where: place, sender, viaApp, who });
  if (isOpen && decision.kind === "allowed") crowd.welcome(place.repositoryId, sender.id);
  return decision;
}

/** Has this person asked for the run on the thread, or spoken to it? That took permission, whoever remembers it. */
async function isInvolved({ db }: Store, place: Place, sender: Person): Promise<boolean> {
  const { repositoryId, issue } = place;
  const onPull = { kind: "pull" as const, repositoryId, pull: issue };
  const run = (await liveRun(db, { kind: "issue", repositoryId, issue })) ?? (await liveRun(db, onPull));
  if (!run || run.origin.sender.id === sender.id) return run !== undefined;
  return (await notesOf(db, run.id)).some((note) => isNoteOf(note, sender));
}

/**
 * Nothing starts while GitHub does not say who may. It is asked on and on; after ten minutes the sender is told
 * why nothing happens. Throws what it was given.
 */
async function tellSilence(parts: AdmissionParts, asking: Asking, error: unknown): Promise<never> {
  const { place, origin } = asking;
  const isLong = parts.clock.now() - origin.at >= silentMs;
  if (!isLong || !isProblem(error, "later") || isPaced(error)) throw error;
  const key = `silence:${place.repositoryId}:${place.issue}:${origin.sender.id}`;
  const said = { key, text: silenceText(origin.sender.login), since: origin.at };
  await replyOnce(parts, place, { ...said, hourly: { prefix: "silence:", max: silencesMax } }).catch(
    (other: unknown) => {
      if (!isProblem(other)) throw other;
    },
  );
  throw error;
}

async function tellRefusal(
  parts: AdmissionParts,
  { place, origin, said }: Asking,
  decision: Extract<Permission, { kind: "refused" }>,
): Promise<void> {
  const { repositoryId, issue } = place;
  const outsider = !origin.private && (decision.has === "none" || decision.has === "read");
  const who = `${repositoryId}:${issue}:${origin.sender.id}`;
  const target = said ? targetOfSaid(said) : { kind: "issue" as const };
  if (!outsider) {
    const text = `${origin.sender.login} ${decision.words}.`;
    await replyOrReact(parts, place, { key: `refused:${who}`, text, since: origin.at, target });
    return;
  }
  const hourly = { prefix: "outsider:", max: reactionsMax };
  await reactOnce(parts, place, { key: `outsider:${who}`, target, content: "confused", hourly });
}
