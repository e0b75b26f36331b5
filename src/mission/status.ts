/**
 * The status comment, edited only when it says something new and not too often: GitHub takes about 500
 * content-creating calls an hour from an installation, and edits may count. A person's edit or deletion of
 * it does not break the run.
 */
import { runMarker } from "../domain/ids.ts";
import { type State, statusComment } from "../domain/words.ts";
import { comment, editComment } from "../github/issue.ts";
import { isPaced } from "../github/pace.ts";
import { withoutServers } from "./servers.ts";
import { leftOut } from "./thread.ts";
import type { Tools } from "./tools.ts";

/** Least time between two edits that only report progress, early in a run and later. */
const gapMsEarly = 30_000;
const gapMsLate = 180_000;
const earlyMs = 10 * 60_000;
/** The first edit waits this long, so that a run of seconds goes from its first words to its last. */
const firstGapMs = 5_000;

/**
 * Shows where the run stands. Progress is held back until it is due, and while GitHub's limits leave no room for
 * it; every other state is shown at once, and so is work that goes on after it.
 */
export async function showState(tools: Tools, state: State): Promise<void> {
  if (state.kind !== "working") return edit(tools, state);
  await edit({ ...tools, github: tools.github.at("early") }, state).catch((error: unknown) => {
    if (!isPaced(error)) throw error;
  });
}

/** Posts the status comment, if it is not there yet, with where the run stands now. */
export async function postState(tools: Tools, state: State): Promise<void> {
  const { ledger, clock, github, held } = tools;
  const { run } = held;
  let isPosted = false;
  const body = bodyOf(tools, state);
  const act = comment(github, run.place, { marker: runMarker(run.id), body, since: run.createdAt });
  const make = () => {
    isPosted = true;
    return act.make();
  };
  await ledger.once("comment", { ...act, make });
  if (isPosted) await ledger.write("shown", { text: newsOf(tools, state), at: clock.now() });
}

/** What of a state is news: a text that differs in nothing but the time that passes is none. */
function newsOf(tools: Tools, state: State): string {
  const { run } = tools.held;
  const { words, counts, costCents } = run.progress;
  const since = [...(run.editedAt ? [run.editedAt] : []), ...withoutServers(tools)];
  return JSON.stringify([state, words, counts, costCents, ...since]);
}

async function edit(tools: Tools, state: State): Promise<void> {
  const { clock, ledger } = tools;
  const { run } = tools.held;
  if (state.kind !== "ended") await listState(tools, state.kind);
  const posted = ledger.read("comment");
  if (!posted) return;
  const shown = ledger.read("shown");
  const now = clock.now();
  if (state.kind === "working" && isAtWork(shown) && now < dueAt(tools, shown)) return;
  const text = newsOf(tools, state);
  if (shown?.text === text) return;
  const body = bodyOf(tools, state);
  await ledger.still();
  if (!(await editComment(tools.github, run.place, { id: posted.id, body }))) await repost(tools, body);
  await ledger.write("shown", { text, at: now });
}

function bodyOf(tools: Tools, state: State): string {
  const { clock, config, agents } = tools;
  const { run } = tools.held;
  const omitted = leftOut(tools);
  const without = withoutServers(tools);
  return statusComment(run, state, {
    now: clock.now(),
    ...(run.session === undefined ? {} : { sessionUrl: agents.url(run.session) }),
    ...(config.server.publicUrl === undefined
      ? {}
      : { dashboardUrl: `${config.server.publicUrl}/runs/${run.id}` }),
    ...(omitted === undefined ? {} : { leftOut: omitted }),
    without,
  });
}

/** Changes what lists show, where it is another state than before. */
export async function listState({ held, ledger, clock }: Tools, state: State["kind"]): Promise<void> {
  if (held.state === state) return;
  await ledger.change({ state, state_at: clock.now() });
  held.state = state;
}

/** Somebody deleted it: one new comment takes its place. */
async function repost({ github, ledger, clock, held: { run } }: Tools, body: string): Promise<void> {
  const act = comment(github, run.place, { marker: runMarker(run.id), body, since: run.createdAt });
  const found = await act.find(clock.now());
  await ledger.write("comment", found ?? (await act.make()));
}

/** Does the comment say already that the run begins or works? */
function isAtWork(shown: { text: string } | undefined): boolean {
  const said = shown && (JSON.parse(shown.text) as [State])[0].kind;
  return said === undefined || said === "starting" || said === "working";
}

function dueAt({ held: { run } }: Tools, shown: { at: number } | undefined): number {
  if (!shown) return run.createdAt + firstGapMs;
  return shown.at + (shown.at - run.createdAt < earlyMs ? gapMsEarly : gapMsLate);
}
