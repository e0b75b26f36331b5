/**
 * The issue's comments as they stood at the trigger (a command's own time, a label's by GitHub's record), written
 * down once: what is said or edited later never flows in by itself. Only comments of the issue's author and of
 * people and bots who may trigger are quoted.
 */
import { Problem } from "../domain/errors.ts";
import { commentCharactersMax } from "../domain/prompt.ts";
import { issueComments, type ThreadComment } from "../github/issue.ts";
import { lastLabelling } from "../github/labels.ts";
import { noted, type Thread } from "./facts.ts";
import type { Tools } from "./tools.ts";

/** People whose permission is asked about one thread, those who spoke last first; of further ones comments are counted. */
const askedMax = 20;
/** Comments quoted, and their characters together; the newest are kept. */
const quotedMax = 60;
const quotedCharactersMax = 150_000;
/** GitHub's times are cut to seconds. */
const secondMs = 1_000;

/** The thread, from the facts or from GitHub. An issue without comments costs no call. */
export async function threadAtTrigger(tools: Tools): Promise<Thread> {
  const { run } = tools.held;
  const known = tools.ledger.read("thread");
  if (known) return known;
  const edited = run.editedAt === undefined ? [] : [editLeftOut];
  if (run.origin.comments === 0) return tools.ledger.once("thread", noted({ quoted: [], leftOut: edited }));
  const { quoted, leftOut } = await readThread(tools);
  return tools.ledger.once("thread", noted({ quoted, leftOut: [...leftOut, ...edited] }));
}

/** Everything left out of the request, in words for people; `undefined` while there is no request. */
export function leftOut({ ledger, held: { run } }: Pick<Tools, "ledger" | "held">): string[] | undefined {
  const thread = ledger.read("thread");
  if (!thread) return undefined;
  const pictures = ledger.read("pictures")?.leftOut.length ?? 0;
  const all = [
    ...thread.leftOut,
    ...(run.editedAt === undefined ? [] : [editLeftOut]),
    ...(pictures > 0
      ? [`${pictures} ${pictures === 1 ? "picture" : "pictures"} that could not be sent`]
      : []),
  ];
  return [...new Set(all)];
}

const editLeftOut =
  "an edit of the issue made after the request (`/agent fix` with what changed tells the agent)";

/**
 * Asks GitHub's record about the labelling that started the run, once, for its delivery tells neither when nor how.
 * Throws `refused` where an App that may not put the label on in a person's name. A run that was asked for again
 * has no labelling of its own.
 */
export async function askLabelling(tools: Tools): Promise<void> {
  const { ledger, github, permits, held } = tools;
  const { place: where, origin } = held.run;
  const { trigger, sender } = origin;
  if (trigger.kind !== "label" || origin.before || ledger.read("labelled")) return;
  const last = await lastLabelling(github, where, trigger.label);
  const own = last?.kind === "labeled" && last.by?.id === sender.id ? last : undefined;
  if (own?.viaApp && sender.type === "User") {
    const decision = await permits.decide({ where, sender, viaApp: own.viaApp });
    if (decision.kind === "refused")
      throw new Problem("refused", decision.code, `${sender.login} ${decision.words}.`);
  }
  await ledger.write("labelled", own ? { id: own.id, at: own.at } : {});
}

async function readThread(tools: Tools): Promise<Thread> {
  const { run } = tools.held;
  const { comments, unread } = await issueComments(tools.github, run.place);
  const { appId } = await tools.github.self(run.place.installation);
  const own = run.origin.trigger.kind === "command" ? run.origin.trigger.commentId : undefined;
  const triggerAt = await triggeredAt(tools, comments.find(({ id }) => id === own)?.createdAt);
  const others = comments.filter((one) => one.app !== appId);
  const early = others.filter((one) => one.createdAt <= triggerAt);
  const unchanged = early.filter((one) => !isEditedSince(one, triggerAt));
  const { isTrusted, isUnasked } = await trust(tools, unchanged);
  const trusted = unchanged.filter(isTrusted);
  const unasked = unchanged.filter(isUnasked);
  const quotable = trusted.filter((one) => one.id !== own);
  const kept = newest(quotable);
  const counted = [
    [unread, "older comments that were not read"],
    [others.length - early.length, "comments written after the request"],
    [early.length - unchanged.length, "comments edited after the request"],
    [unchanged.length - trusted.length - unasked.length, "comments of people who may not start a run"],
    [unasked.length, `comments of people beyond the ${askedMax} whose permission was asked`],
    [quotable.length - kept.length, "older comments"],
  ] as const;
  return {
    quoted: kept.map((one) => ({
      id: one.id,
      author: one.author,
      at: new Date(one.createdAt).toISOString(),
      text: one.body,
    })),
    leftOut: counted.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])),
  };
}

/** The command's own time, or the labelling's: word of either may have come much later. */
async function triggeredAt(tools: Tools, commandAt: number | undefined): Promise<number> {
  const { at } = tools.held.run.origin;
  await askLabelling(tools);
  return Math.min(at, commandAt ?? tools.ledger.read("labelled")?.at ?? at);
}

/** The newest that fit, oldest first. */
function newest(comments: ThreadComment[]): ThreadComment[] {
  let characters = 0;
  const kept: ThreadComment[] = [];
  for (const one of comments.slice(-quotedMax).toReversed()) {
    characters += Math.min(one.body.length, commentCharactersMax);
    if (characters > quotedCharactersMax) break;
    kept.unshift(one);
  }
  return kept;
}

/** An edit within the trigger's own second may have come after it. */
function isEditedSince({ createdAt, updatedAt }: ThreadComment, at: number): boolean {
  return updatedAt !== createdAt && updatedAt + secondMs > at;
}

interface Trust {
  isTrusted(comment: ThreadComment): boolean;
  /** Of somebody who may be allowed to start a run and was not asked about. */
  isUnasked(comment: ThreadComment): boolean;
}

/** Whose comments count: by account, a listed bot's too, and never what an App wrote in somebody's name. */
async function trust(tools: Tools, comments: ThreadComment[]): Promise<Trust> {
  const { run } = tools.held;
  const bySelf = ({ type, app }: ThreadComment) => type !== "User" || app === undefined;
  const trusted = new Set([run.origin.sender.id, ...(run.origin.author ? [run.origin.author.id] : [])]);
  const others = comments.filter((one) => bySelf(one) && !trusted.has(one.authorId));
  const newestFirst = [...new Map(others.toReversed().map((one) => [one.authorId, one])).values()];
  const { place: where, settings } = run;
  for (const { authorId: id, author: login, type } of newestFirst.slice(0, askedMax)) {
    const decision = await tools.permits.decide({ where, sender: { id, login, type }, who: settings.who });
    if (decision.kind === "allowed") trusted.add(id);
  }
  const unasked = new Set(newestFirst.slice(askedMax).map(({ authorId }) => authorId));
  return {
    isTrusted: (one) => trusted.has(one.authorId) && bySelf(one),
    isUnasked: (one) => unasked.has(one.authorId) && bySelf(one),
  };
}
