/**
 * The request as the agent reads it: our own words first, then everything strangers wrote, fenced with its
 * provenance. Built from what was frozen at the trigger; it names a branch and tools, never a token.
 */
import { cut } from "./characters.ts";
import { sessionBranch } from "./ids.ts";
import type { JobLog } from "./job-log.ts";
import { baseBranch, fullName, isPlanned, type Note, type Run, startBranch } from "./run.ts";
import { oneLine, plainInput } from "./sanitize.ts";
import { redact } from "./secret.ts";

/** A comment that goes in. */
export interface QuotedComment {
  author: string;
  at: string;
  text: string;
}

/** What the request is made of besides the run. */
export interface PromptFacts {
  session: string;
  quoted: QuotedComment[];
  leftOut: string[];
  /** Repositories mounted besides, `owner/name`. */
  besides: string[];
  /** Pictures that are not sent, with the reason. */
  picturesLeftOut: { address: string; why: string }[];
  /** Author of commits: the App's bot. */
  committer: { name: string; email: string };
}

const bodyCharactersMax = 65_536;
/** Characters quoted of one comment. */
export const commentCharactersMax = 10_000;
const addressMax = 300;
const picturesNamedMax = 20;
/** Things said in earlier rounds that a new session is told. */
const earlierMax = 20;

/** The whole request of a run's first round. */
export function requestText(run: Run, facts: PromptFacts): string {
  const { place, origin, settings } = run;
  const branch = sessionBranch(facts.session);
  return [
    `Resolve issue #${place.issue} of ${fullName(place)}.`,
    [
      `- Repository: /workspace/${place.repo}, checked out at \`${startBranch(run)}\`.`,
      ...besidesLine(facts.besides),
      `- Create the branch \`${branch}\` from it, commit there and push exactly that branch: \`git push origin HEAD:${branch}\`.`,
      `- Commit as: git config user.name "${facts.committer.name}" && git config user.email "${facts.committer.email}".`,
      `- When everything is pushed call submit_pull_request, then end your turn. Ask with ask_maintainer only what blocks you.`,
    ].join("\n"),
    ...(isPlanned(run) ? [planFirst] : []),
    ...(origin.before ? [beforeText(run, origin.before)] : []),
    ...(settings.instructions === ""
      ? []
      : [`The repository's standing instructions:\n\n${settings.instructions}`]),
    ...(origin.trigger.kind === "command" && origin.trigger.instructions !== ""
      ? [
          fenced(
            run,
            `instructions by ${origin.sender.login}, who asked for this run`,
            origin.trigger.instructions,
          ),
        ]
      : []),
    fenced(run, `title of issue #${place.issue}`, oneLine(origin.title, 1_000)),
    fenced(
      run,
      `body of issue #${place.issue} by ${origin.author?.login ?? "a deleted account"}`,
      beginning(origin.body, bodyCharactersMax),
    ),
    ...facts.quoted.map((one) =>
      fenced(run, `comment by ${one.author} at ${one.at}`, beginning(one.text, commentCharactersMax)),
    ),
    ...(facts.leftOut.length === 0 ? [] : [`Left out: ${facts.leftOut.join("; ")}.`]),
    ...picturesText(run, facts.picturesLeftOut),
  ].join("\n\n");
}

/** What stands before a picture: where it is from. */
export function captionText(
  run: Run,
  { number, of, address }: { number: number; of: string; address: string },
): string {
  return fenced(run, `picture ${number}, from ${of}; the picture follows`, oneLine(address, addressMax));
}

function picturesText(run: Run, leftOut: PromptFacts["picturesLeftOut"]): string[] {
  if (leftOut.length === 0) return [];
  const named = leftOut
    .slice(0, picturesNamedMax)
    .map(({ address, why }) => `${oneLine(address, addressMax)}: ${why}`);
  const more = leftOut.length - named.length;
  const lines = [...named, ...(more > 0 ? [`and ${more} more`] : [])];
  return [fenced(run, "addresses of pictures that are not sent, and why", lines.join("\n"))];
}

function besidesLine(names: string[]): string[] {
  const places = names.map((name) => `/workspace/${name.slice(name.indexOf("/") + 1)} (${name})`);
  return places.length === 0
    ? []
    : [`- To read only, beside it: ${places.join(", ")}. Pushes there are refused.`];
}

const planFirst =
  "Plan first: read what you need, change nothing, and call propose_plan with your plan. You may push only after it is approved; its result tells you.";

function beforeText(run: Run, { ending, branch, onTop }: NonNullable<Run["origin"]["before"]>): string {
  const kept = onTop
    ? "its work, with what a person pushed on top, is what you begin with; keep it"
    : "look before you start over";
  const left =
    branch === undefined ? [] : [`What was pushed, if anything, is on the branch \`${branch}\`; ${kept}.`];
  const how = fenced(run, "how it ended", oneLine(ending, 500));
  return ["An earlier run on this issue ended:", how, ...left].join("\n\n");
}

/** Something said to the running agent: our own words for what it is, then the fenced text. */
export function noteText(
  run: Run,
  { author, text, source }: Pick<Note, "author" | "text" | "source">,
): string {
  switch (source.kind) {
    case "review":
      return `The pull request was reviewed. ${onPull(run, "Deal with every remark")}\n\n${fenced(run, `review by ${author}, who may steer this run`, text)}`;
    case "checks":
      return `Checks fail on the head you pushed that pass on the base. ${onPull(run, "Repair what you broke")}\n\n${fenced(run, `output of failed checks of ${author}`, text)}`;
    case "comment":
    case "budget": {
      const said = fenced(run, `further instructions by ${author}, who may steer this run`, text);
      return "pull" in source
        ? `More is asked of the pull request. ${onPull(run, "Do it")}\n\n${said}`
        : said;
    }
    default:
      return source satisfies never;
  }
}

/** How to go on with an open pull request: what is on it stays, because the branch is only ever moved forward. */
function onPull(run: Run, what: string): string {
  const base = `origin/${baseBranch(run)}`;
  return `Fetch first: others may have pushed to the pull request. Where it conflicts with \`${base}\`, merge that into it; never rewrite what was pushed. ${what}, push, and end your turn with a short answer.`;
}

/** The result of a plan that was approved. */
export function approvalText(note: { author: string }): string {
  return `${note.author} approved this plan. Go ahead: change, commit and push.`;
}

/** The result of a plan that somebody wants changed. */
export function wishText(run: Run, note: { author: string; text: string }): string {
  return `Not approved yet. Change the plan and call propose_plan again.\n\n${fenced(run, `wish of ${note.author}`, note.text)}`;
}

/** What the agent is told when four fifths of its time are over. */
export const lastCallText =
  "Your time is almost over. Finish what you can, push it now and call submit_pull_request; say in the summary what is missing.";

/** A review: its own words and each remark with file and line, as one text; fenced when it is told. */
export function reviewText(review: { body: string; remarks: Remark[] }): string {
  const remarks = review.remarks.map((remark) =>
    [`${remark.path}${remark.line === undefined ? "" : ` line ${remark.line}`}:`, remark.hunk, remark.body]
      .filter((part) => part !== "")
      .join("\n"),
  );
  return [review.body, ...remarks].filter((part) => part.trim() !== "").join("\n\n---\n\n");
}

/** One remark of a review. */
export interface Remark {
  path: string;
  line?: number;
  /** The lines of the diff it stands under. */
  hunk: string;
  body: string;
}

/** A failed check as the agent is told of it. */
export interface ToldCheck {
  name: string;
  summary: string;
  annotations: string[];
  log: Pick<JobLog, "tail">;
  /** Where in the session the whole log is. */
  file?: string;
}

/** Failed checks, as one text; fenced when it is told. */
export function checksText(failures: ToldCheck[]): string {
  const parts = failures.map(({ name, summary, annotations, log, file }) =>
    [
      `Check "${name}" failed.`,
      summary,
      annotations.join("\n"),
      log.tail === ""
        ? ""
        : `End of its log${file === undefined ? "" : ` (more of it in ${file})`}:\n${log.tail}`,
    ]
      .filter((part) => part !== "")
      .join("\n\n"),
  );
  return parts.join("\n\n---\n\n");
}

/** What the agent is told when a new session goes on with a pull request. */
export function continuationText(
  run: Run,
  facts: { session: string; branch: string; base: string; besides: string[] },
): string {
  const { place } = run;
  const own = sessionBranch(facts.session);
  return [
    `Continue pull request #${run.pull ?? ""} of ${fullName(place)}, which resolves issue #${place.issue}. An earlier session of yours opened it; this session begins anew on its head.`,
    [
      `- Repository: /workspace/${place.repo}, checked out at \`${facts.branch}\`, the head of the pull request against \`${facts.base}\`.`,
      ...besidesLine(facts.besides),
      `- Push to the branch \`${own}\` and nothing else: \`git push origin HEAD:${own}\`. Patchwright carries it over to the pull request.`,
      "- When everything is pushed, end your turn with a short answer to what follows.",
    ].join("\n"),
    fenced(run, `title of issue #${place.issue}`, oneLine(run.origin.title, 1_000)),
    fenced(run, `body of issue #${place.issue}`, beginning(run.origin.body, bodyCharactersMax)),
    ...run.notes
      .filter(({ round, text }) => round < run.round && text !== "")
      .slice(-earlierMax)
      .map(({ author, text }) =>
        fenced(run, `said by ${author} in an earlier round`, beginning(text, commentCharactersMax)),
      ),
  ].join("\n\n");
}

/** What a person answered to the agent's question. */
export function answerText(run: Run, note: { author: string; text: string }): string {
  return fenced(run, `answer by ${note.author}`, note.text);
}

function beginning(text: string, max: number): string {
  return text.length <= max ? text : `${cut(text, max)}\n[cut after ${max} characters]`;
}

/** The fence carries the run's id, and the id (which is public) is taken out of the text: nothing inside can close it. */
function fenced(run: Run, provenance: string, text: string): string {
  const fence = `untrusted-data ${run.id}`;
  const { text: plain } = plainInput(text);
  const harmless = redact(plain).replaceAll(run.id, "[run]");
  return `<${fence}: ${oneLine(provenance, 200)}>\n${harmless}\n</${fence}>`;
}
