/**
 * The issue's comments as they stood at the trigger (a command's own time, else when word of it came), written
 * down once: what is said or edited later never flows in by itself. Only comments of the issue's author and of
 * people who may trigger are quoted.
 */
import { may } from "../domain/permission.ts";
import { issueComments, type ThreadComment } from "../github/issue.ts";
import { noted, type Thread } from "./facts.ts";
import type { Tools } from "./tools.ts";

/** People whose permission is asked about one thread; comments of further ones are counted. */
const askedMax = 20;
/** Comments quoted; the newest are kept. */
const quotedMax = 60;

/** The thread, from the facts or from GitHub. An issue without comments costs no call. */
export async function threadAtTrigger(tools: Tools): Promise<Thread> {
  const { run } = tools.held;
  const known = tools.ledger.read("thread");
  if (known) return known;
  if (run.origin.comments === 0) return { quoted: [], leftOut: [] };
  return tools.ledger.once("thread", noted(await readThread(tools)));
}

async function readThread(tools: Tools): Promise<Thread> {
  const { run } = tools.held;
  const { comments, unread } = await issueComments(tools.github, run.place);
  const { appId } = await tools.github.self(run.place.installation);
  const own = run.origin.trigger.kind === "command" ? run.origin.trigger.commentId : undefined;
  const triggerAt = Math.min(run.origin.at, comments.find(({ id }) => id === own)?.createdAt ?? Infinity);
  const others = comments.filter((one) => one.app !== appId);
  const early = others.filter((one) => one.createdAt <= triggerAt);
  const unchanged = early.filter((one) => !isEditedSince(one, triggerAt));
  const trusted = await trustedAuthors(tools, unchanged);
  const quotable = unchanged.filter((one) => trusted.has(one.author) && one.id !== own);
  const kept = quotable.slice(-quotedMax);
  const counted = [
    [unread, "older comments that were not read"],
    [others.length - early.length, "comments written after the request"],
    [early.length - unchanged.length, "comments edited after the request"],
    [
      unchanged.filter((one) => !trusted.has(one.author)).length,
      "comments of people who may not start a run",
    ],
    [quotable.length - kept.length, "older comments"],
  ] as const;
  return {
    quoted: kept.map((one) => ({
      author: one.author,
      at: new Date(one.createdAt).toISOString(),
      text: one.body,
    })),
    leftOut: counted.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])),
  };
}

/** GitHub's times are cut to seconds: an edit within the trigger's own second may have come after it. */
function isEditedSince({ createdAt, updatedAt }: ThreadComment, at: number): boolean {
  return updatedAt !== createdAt && updatedAt + 1_000 > at;
}

async function trustedAuthors(tools: Tools, comments: ThreadComment[]): Promise<Set<string>> {
  const { run } = tools.held;
  const people = new Map(
    comments.filter((one) => one.type === "User" && one.app === undefined).map((one) => [one.author, one]),
  );
  const trusted = new Set([run.origin.sender.login, ...(run.origin.author ? [run.origin.author.login] : [])]);
  const { appId, botId } = await tools.github.self(run.place.installation);
  for (const person of [...people.values()].filter(({ author }) => !trusted.has(author)).slice(-askedMax)) {
    const answer = await tools.repositories.permission(run.place, person.author);
    const sender = { id: person.authorId, type: person.type };
    const asking = { sender, answer, who: run.settings.who, bots: [], own: { appId, botId } };
    if (may(asking).kind === "allowed") trusted.add(person.author);
  }
  return trusted;
}
