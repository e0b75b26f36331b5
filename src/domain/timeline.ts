/**
 * A run's course as a person follows it: one moment after the other, in words. Pure: what is written down goes
 * in, sentences come out. It knows facts by their names, and of a token no more than that there was one.
 */
import { cut } from "./characters.ts";
import type { JournalEntry, Journaled } from "./journal.ts";
import type { Run, Stop } from "./run.ts";
import { redact } from "./secret.ts";
import { dollars } from "./words.ts";

/** Something that happened. */
export interface Moment {
  /** Milliseconds since the epoch. */
  at: number;
  who: "person" | "agent" | "token" | "service" | "proposal" | "ending";
  title: string;
  /** Somebody's words, as they are; not safe as markup. */
  text?: string;
  link?: { url: string; words: string };
  /** An id or a commit. */
  code?: string;
}

/** A written fact, as far as it is read here. */
export interface WrittenFact {
  round: number;
  name: string;
  value_json: string | null;
  begun_at: number;
  done_at: number | null;
}

/** What a timeline is made of. */
export interface Material {
  run: Run;
  facts: readonly WrittenFact[];
  journal: readonly Journaled[];
  /** Where people see a session at the platform. */
  sessionUrl: (session: string) => string;
}

const textMax = 4_000;

/** The moments of a run, oldest first. */
export function timelineOf(material: Material): Moment[] {
  const moments = [
    asked(material.run),
    ...roundsOf(material),
    ...material.facts.flatMap((fact) => momentOf(fact, material)),
    ...material.run.notes.filter(({ text }) => text !== "").map(said),
    ...workOf(material.journal),
    ...tokensOf(material.journal),
    ...stopOf(material.run),
  ];
  return moments.toSorted((one, other) => one.at - other.at);
}

function asked({ origin, createdAt, place }: Run): Moment {
  const { trigger, sender } = origin;
  const how = trigger.kind === "label" ? `by the label “${trigger.label}”` : "by a command";
  const said = trigger.kind === "command" && trigger.instructions !== "" ? [trigger.instructions] : [];
  return {
    at: createdAt,
    who: "person",
    title: `${sender.login} asked ${how}`,
    text: shown([...said, origin.title, origin.body].join("\n\n")),
    link: { url: origin.issueUrl, words: `#${place.issue}` },
  };
}

/** Rounds after the first begin with what opened them. */
function roundsOf({ facts, run }: Material): Moment[] {
  const starts = new Map<number, number>();
  const began = [
    ...facts.map(({ round, begun_at }) => ({ round, at: begun_at })),
    ...run.notes,
    { round: run.round, at: run.roundAt },
  ];
  for (const { round, at } of began) starts.set(round, Math.min(starts.get(round) ?? at, at));
  return [...starts].flatMap(([round, at]): Moment[] =>
    round < 2 ? [] : [{ at: at - 1, who: "service", title: `Round ${round} began` }],
  );
}

type Teller = (
  value: Record<string, unknown>,
  of: { subject: string; material: Material },
) => Omit<Moment, "at"> | undefined;

const tellers: Record<string, Teller> = {
  comment: ({ url }) => ({ who: "service", title: "Showed on the issue that it has begun", ...link(url) }),
  session: ({ id }, { material }) => ({
    who: "service",
    title: "Opened a session",
    code: String(id),
    link: { url: material.sessionUrl(String(id)), words: "at the platform" },
  }),
  request: () => ({ who: "service", title: "Sent the agent the request" }),
  question: ({ url }, { subject, material }) => ({
    who: "agent",
    title: "Asked a question and waits for the answer",
    ...text(textOf(material.journal, `question ${subject}`)),
    ...link(url),
  }),
  plan: ({ text: plan }) => ({
    who: "agent",
    title: "Proposed a plan and waits for approval",
    ...text(plan),
  }),
  submission: ({ title, summary, checks }) => ({
    who: "proposal",
    title: `Handed in: ${String(title)}`,
    ...text([summary, checks].filter(Boolean).join("\n\n")),
  }),
  held: ({ reasons, more }, { subject }) => ({
    who: "proposal",
    title: "Held back by the screening, waits for approval",
    code: subject.slice(0, 12),
    ...text(reasonsText(reasons, more)),
  }),
  approval: ({ by, head }) => ({
    who: "person",
    title: `${String(by)} approved what was held back`,
    code: String(head),
  }),
  pull: ({ number, url, headSha }) => ({
    who: "proposal",
    title: `Screened, and opened pull request #${String(number)}`,
    code: String(headSha).slice(0, 12),
    ...link(url),
  }),
  // The check on a later head stands for its screening; of one that is held back the reasons stand there already.
  checked: (_value, { subject, material }) =>
    material.facts.some(({ name }) => name === `held ${subject}`)
      ? undefined
      : {
          who: "proposal",
          title: "Screened what was pushed to the pull request",
          code: subject.slice(0, 12),
        },
  reminder: ({ url }) => ({ who: "service", title: "Reminded people that it waits", ...link(url) }),
  interrupt: () => ({ who: "service", title: "Interrupted the session" }),
  archive: (_value, { subject }) => ({ who: "service", title: "Archived the session", code: subject }),
  ending: (value) => ({
    who: "ending",
    title: `Ended: ${String(value["kind"])}`,
    ...text(value["words"]),
  }),
};

function momentOf(fact: WrittenFact, material: Material): Moment[] {
  if (fact.value_json === null) return [];
  const [first = "", ...rest] = fact.name.split(" ");
  const value: unknown = JSON.parse(fact.value_json);
  const of = { subject: rest.join(" "), material };
  const told = Object.hasOwn(tellers, first) ? tellers[first]?.(fieldsOf(value), of) : undefined;
  // Questions stand where they were asked, all else where it was done.
  const at = first === "question" ? fact.begun_at : (fact.done_at ?? fact.begun_at);
  return told ? [{ at, ...told }] : [];
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function link(url: unknown): Pick<Moment, "link"> {
  return typeof url === "string" && url !== "" ? { link: { url, words: "on GitHub" } } : {};
}

function text(value: unknown): Pick<Moment, "text"> {
  return typeof value === "string" && value.trim() !== "" ? { text: shown(value) } : {};
}

function shown(words: string): string {
  const whole = redact(words).trim();
  return whole.length <= textMax ? whole : `${cut(whole, textMax)}…`;
}

function reasonsText(reasons: unknown, more: unknown): string {
  const list = Array.isArray(reasons) ? (reasons as { path?: string; words?: string }[]) : [];
  const lines = list.map(({ path, words }) => (path === undefined ? String(words) : `${path}: ${words}`));
  return [...lines, ...(Number(more) > 0 ? [`and ${String(more)} more`] : [])].join("\n");
}

function textOf(journal: readonly Journaled[], name: string): string | undefined {
  const entry = journal.find((one) => one.name === name)?.entry;
  return entry?.kind === "question" ? entry.text : undefined;
}

function said({ at, author, text: words, source, kind }: Run["notes"][number]): Moment {
  const where = { comment: "said", review: "reviewed", checks: "reported", budget: "changed the budget" };
  const verb = kind === "approval" ? "approved" : where[source.kind];
  return { at, who: "person", title: `${author} ${verb}`, text: shown(words) };
}

type Work = Extract<JournalEntry, { kind: "work" }>;

function workOf(journal: readonly Journaled[]): Moment[] {
  let before: Work = { kind: "work", words: "", counts: { read: 0, edited: 0, commands: 0 }, cents: 0 };
  return journal.flatMap(({ at, entry }) => {
    if (entry.kind !== "work") return [];
    const did = deedsOf(before, entry);
    const words = entry.words === before.words ? undefined : entry.words;
    before = entry;
    // Money alone is told by the chart.
    if (did === "" && (words ?? "") === "") return [];
    const title = did === "" ? "The agent said" : `The agent ${did}`;
    return [{ at, who: "agent" as const, title, ...text(words) }];
  });
}

function deedsOf({ counts: before }: Work, { counts: after }: Work): string {
  const some = (count: number, one: string, many: string) =>
    count <= 0 ? [] : [count === 1 ? one : many.replace("N", String(count))];
  return [
    ...some(after.read - before.read, "read a file", "read N files"),
    ...some(after.edited - before.edited, "edited a file", "edited N times"),
    ...some(after.commands - before.commands, "ran a command", "ran N commands"),
  ].join(", ");
}

function tokensOf(journal: readonly Journaled[]): Moment[] {
  const held = new Set<string>();
  return journal.flatMap(({ at, entry }) => {
    if (entry.kind !== "token") return [];
    const { step, resource, contents, token } = entry;
    const isNext = held.has(resource);
    if (step === "handed over") held.add(resource);
    const title = {
      minted: `Minted a token for ${resource}, contents: ${contents}`,
      "handed over": isNext
        ? `Replaced the token of ${resource}`
        : `Gave the session the token of ${resource}`,
      revoked: `Revoked the token of ${resource}`,
      expired: `The token of ${resource} expired`,
    }[step];
    return [{ at, who: "token" as const, title, code: token.slice(0, 6) }];
  });
}

const stops: Record<Stop["why"], string> = {
  command: "asked to stop",
  dashboard: "asked to stop, from the dashboard",
  "label removed": "took the label off",
  "issue closed": "closed the issue",
  "pull request closed": "closed the pull request",
  "pull request merged": "merged the pull request",
  "a person pushed to the branch": "pushed to the branch",
  "a push outside the run's branch": "pushed outside the run's branch",
  "issue deleted": "deleted the issue",
  "issue locked": "locked the issue",
  "issue transferred": "transferred the issue",
  "the App was suspended": "suspended the App",
  "the App was uninstalled": "uninstalled the App",
  "the repository was taken out of the App's installation": "took the repository out of the installation",
  "the repository was archived": "archived the repository",
  "the repository was made public": "made the repository public",
  "the repository was deleted": "deleted the repository",
  "the repository was transferred": "transferred the repository",
};

function stopOf({ stop }: Run): Moment[] {
  if (!stop) return [];
  return [{ at: stop.at, who: "person", title: `${stop.by ?? "Somebody"} ${stops[stop.why]}` }];
}

/** What a run had cost by when: milliseconds since the epoch, whole US cents; never falling. */
export function costsOf({
  run,
  journal,
}: Pick<Material, "run" | "journal">): { at: number; cents: number }[] {
  const points = [{ at: run.createdAt, cents: 0 }];
  for (const { at, entry } of journal)
    if (entry.kind === "work") points.push({ at, cents: Math.max(entry.cents, points.at(-1)?.cents ?? 0) });
  return points;
}

/** Costs over time in one sentence, for those who do not see the chart. */
export function costsText(points: readonly { at: number; cents: number }[], budgetCents: number): string {
  const last = points.at(-1)?.cents ?? 0;
  return `Cost over time: ${dollars(last)} of a budget of ${dollars(budgetCents)}.`;
}
