/**
 * A gap longer than GitHub's delivery log: issues labelled inside it are searched for, and each newest
 * labelling that still stands goes into the inbox as the delivery it would have been. From there on it is
 * like any other: its actor is the sender and is asked for permission, and the intake tells whether it has
 * had its run. One whose issue was edited afterwards says so, and starts nothing. Installations that left
 * inside the gap are found likewise: GitHub lists them no more. Suspended ones are searched once they are back.
 */
import { isProblem } from "../domain/errors.ts";
import {
  type Installation,
  installationsOf,
  isBodyEditedSince,
  type LabelledIssue,
  labelledIssues,
  lastLabelling,
  repositoryObject,
  type SearchPlace,
} from "../github/labels.ts";
import { dropMemo, readMemo, writeMemo } from "../store/memos.ts";
import { installationsWithTexts } from "../store/texts.ts";
import type { SweepParts } from "./sweep-parts.ts";

/** A span in which deliveries were lost for good, and how far its search has come. Times since the epoch. */
interface Gap {
  from: number;
  to: number;
  /** Where the gap ended when this search of it began; it has grown since. */
  searchedTo?: number;
  /** Searched of this installation alone, which was suspended when the others were. */
  only?: number;
  /** The installation being searched, and where in the search for which of its labels. */
  installation?: number;
  search?: SearchPlace & { label: string };
  /** Failed attempts at that place. */
  tries?: number;
}

/** A place that fails so often while GitHub's log can be read is left out: the engine has waited for an hour by then. */
const triesMax = 20;

const memoName = "gap";
/** Gaps of installations that were suspended when they would have been searched, by their id. */
const laterName = "gaps of suspended installations";
type Span = Pick<Gap, "from" | "to">;

/**
 * Remembers a gap to be searched. One that is open already grows: what was added after it is searched after the rest,
 * and what was added before it begins the search anew.
 */
export async function noteGap(parts: SweepParts, { from, to }: { from: number; to: number }): Promise<void> {
  const found = await readGap(parts);
  if (found?.only !== undefined) await putOff(parts, found.only, found);
  const open = found?.only === undefined ? found : undefined;
  if (open && from >= open.from) {
    const { searchedTo = open.to } = open;
    // What was lost inside it may lie behind where the search is by now.
    const least = from > open.from ? Math.min(from, searchedTo) : searchedTo;
    await writeGap(parts, { ...open, to: Math.max(to, open.to), searchedTo: least });
    return;
  }
  await writeGap(parts, { from, to: Math.max(to, open?.to ?? 0) });
  parts.log.warn({ from, to }, "deliveries are lost that GitHub's log does not hold; searching labels");
}

/** A search of the open gap; each call is one page of results. True when there is no gap (any more). */
export function createGapSweep(parts: SweepParts): (signal: AbortSignal) => Promise<boolean> {
  let installations: Installation[] | undefined;
  return async (signal) => {
    const gap = (await readGap(parts)) ?? (await reopened(parts));
    if (!gap) return true;
    installations ??= await installationsOf(parts.github);
    const { only } = gap;
    const next = installations.find(
      ({ id }) => id >= (gap.installation ?? 0) && (only === undefined || id === only),
    );
    if (!next) {
      await noteDeparted(parts, installations);
      installations = undefined;
      const { searchedTo = gap.to } = gap;
      if (searchedTo < gap.to) {
        await writeGap(parts, { from: searchedTo, to: gap.to });
        return false;
      }
      await dropMemo(parts.store.db, memoName);
      // Another may be back as well.
      return only === undefined;
    }
    const of = gap.installation === next.id ? gap : { from: gap.from, to: gap.to };
    const { installation: _, search: __, tries: ___, ...span } = gap;
    const search = await searched(parts, of, { installation: next, signal }).catch(async (error: unknown) => {
      if (isProblem(error, "later") && error.code !== "github_limited") {
        const { search: at, tries = 0 } = of;
        const place = { installation: next.id, ...(at ? { search: at } : {}), tries: tries + 1 };
        await writeGap(parts, { ...span, ...place });
      }
      throw error;
    });
    const place = search ? { installation: next.id, search } : { installation: next.id + 1 };
    await writeGap(parts, { ...span, ...place });
    return false;
  };
}

/** May an error be what it is, so that the search goes on without what it kept back? */
function isPassed(error: unknown, { tries = 0 }: Gap): boolean {
  return isProblem(error) && (error.kind !== "later" || tries >= triesMax);
}

/** GitHub's own account for what nobody is known to have done. */
const ghost = { login: "ghost", id: 10_137, type: "User" };

/** The intake asks GitHub once more before it believes that one has left. */
async function noteDeparted({ store, box, log }: SweepParts, listed: Installation[]): Promise<void> {
  const known = new Set(listed.map(({ id }) => id));
  for (const id of await installationsWithTexts(store.db)) {
    if (known.has(id)) continue;
    const body = { action: "deleted", installation: { id }, sender: ghost };
    await box.append({ id: `deleted-${id}`, event: "installation", body: JSON.stringify(body) });
    log.info({ installation_id: id }, "an installation left in the gap");
  }
}

interface Search {
  installation: Installation;
  signal: AbortSignal;
}

/** One page of an installation's labelled issues; resolves with the place of the next, undefined after the last. */
async function searched(
  parts: SweepParts,
  gap: Gap,
  { installation, signal }: Search,
): Promise<Gap["search"] | undefined> {
  const { github, config, log, rulebook } = parts;
  const served = !config.owners || config.owners.includes(installation.account.toLowerCase());
  if (!served) return undefined;
  if (installation.suspended) {
    await putOff(parts, installation.id, gap);
    return undefined;
  }
  try {
    // By name: settings may change between two pages.
    const labels = (await rulebook.labels(installation.id)).toSorted();
    const at = gap.search;
    const label = labels.find((name) => at === undefined || name >= at.label);
    if (label === undefined) return undefined;
    const place = at?.label === label ? at : { page: 1 };
    const other = labels.find((name) => name > label);
    const after = other === undefined ? undefined : { label: other, page: 1 };
    const found = await labelledIssues(github, installation, { label, place }).catch((error: unknown) => {
      if (!isProblem(error, "later") || !isPassed(error, gap)) throw error;
      log.error({ installation_id: installation.id, err: error }, "a label is searched no further");
    });
    if (!found) return after;
    if (found.cut)
      log.warn({ installation_id: installation.id }, "GitHub does not show all labelled issues of a second");
    await recoverAll(parts, { gap, installation, label, signal }, found.issues);
    return found.next ? { label, ...found.next } : after;
  } catch (error) {
    // An installation that is gone or lacks a permission has nothing to recover.
    if (!isPassed(error, gap)) throw error;
    log.warn({ installation_id: installation.id, err: error }, "labels could not be searched");
    return undefined;
  }
}

/** Looks at every issue of a page, also where one cannot be read; throws the first *later* when all are done. */
async function recoverAll(
  parts: SweepParts,
  { signal, ...at }: Omit<Found, "found"> & { signal: AbortSignal },
  issues: LabelledIssue[],
): Promise<void> {
  let failed: unknown;
  for (const issue of issues) {
    signal.throwIfAborted();
    await recover(parts, { ...at, found: issue }).catch((error: unknown) => {
      if (!isProblem(error) || error.code === "github_limited") throw error;
      // Deleted, transferred or out of reach since the search.
      if (isPassed(error, at.gap))
        parts.log.warn(
          { installation_id: at.installation.id, err: error },
          "a labelled issue could not be read",
        );
      else failed ??= error;
    });
  }
  if (failed !== undefined) throw failed;
}

interface Found {
  gap: Gap;
  installation: Installation;
  label: string;
  found: LabelledIssue;
}

/** Puts the newest labelling into the inbox, if it happened in the gap and still stands. */
async function recover(
  { github, box, log }: SweepParts,
  { gap, installation, label, found: { owner, repo, issue } }: Found,
): Promise<void> {
  const place = { installation: installation.id, repositoryId: 0, owner, repo, issue: issue.number };
  const last = await lastLabelling(github, place, label);
  const from = Math.max(gap.from, installation.createdAt);
  if (last?.kind !== "labeled" || last.at < from || last.at > gap.to) return;
  // A delivery would not tell through which App a person did it; where we know, nobody is taken for its author.
  if (!last.by || last.viaApp) return;
  // What was asked is what stood there at the labelling, and GitHub does not keep that in a form to rely on.
  const isEdited = last.renamedSince || (await isBodyEditedSince(github, place, last));
  const body = {
    action: "labeled",
    ...(isEdited ? { edited_since: true } : {}),
    issue,
    label: { name: label },
    repository: await repositoryObject(github, installation.id, { owner, repo }),
    sender: last.by,
    installation: { id: installation.id },
  };
  const id = `labeled-${last.id}`;
  await box.append({ id, event: "issues", body: JSON.stringify(body), receivedAt: last.at });
  log.info({ delivery_id: id, installation_id: installation.id }, "labelling found in the gap");
}

/** Remembers the gap of an installation that is suspended: nothing of it can be read, and its labels stay. */
async function putOff(parts: SweepParts, installation: number, { from, to }: Span): Promise<void> {
  const later = await readLater(parts);
  const known = later[installation] ?? { from, to };
  later[installation] = { from: Math.min(from, known.from), to: Math.max(to, known.to) };
  await writeMemo(parts.store.db, laterName, JSON.stringify(later));
}

/**
 * The gap of an installation that is suspended no more. Asked of GitHub's list, once a round while there is any such
 * gap: word of its return may be among what was lost.
 */
async function reopened(parts: SweepParts): Promise<Gap | undefined> {
  const later = await readLater(parts);
  if (Object.keys(later).length === 0) return undefined;
  const listed = new Map((await installationsOf(parts.github)).map((one) => [one.id, one]));
  const back = Object.keys(later)
    .map(Number)
    .find((id) => !listed.get(id)?.suspended);
  const span = back === undefined ? undefined : later[back];
  if (back === undefined || span === undefined) return undefined;
  const gap = { ...span, only: back };
  delete later[back];
  // In this order: a search that is made twice brings nothing twice.
  await writeGap(parts, gap);
  if (Object.keys(later).length > 0) await writeMemo(parts.store.db, laterName, JSON.stringify(later));
  else await dropMemo(parts.store.db, laterName);
  return gap;
}

async function readLater({ store }: SweepParts): Promise<Record<number, Span>> {
  const memo = await readMemo(store.db, laterName);
  return memo === undefined ? {} : (JSON.parse(memo) as Record<number, Span>);
}

async function readGap({ store }: SweepParts): Promise<Gap | undefined> {
  const memo = await readMemo(store.db, memoName);
  return memo === undefined ? undefined : (JSON.parse(memo) as Gap);
}

function writeGap({ store }: SweepParts, gap: Gap): Promise<void> {
  return writeMemo(store.db, memoName, JSON.stringify(gap));
}
