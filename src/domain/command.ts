/**
 * What a person asks for in a comment: the whole grammar of commands, as a table.
 * It does not know who wrote the comment, whether they may, or what the command does.
 *
 *   comment      = { hidden | blank line }, command line, { newline, any line } ;
 *   command line = [ blank ], ( "/agent", blank, verb | "/fix" ), [ blank, argument ], [ blank ] ;
 *   verb         = "fix" | "plan" | "approve" | "stop" | "retry" | "status" | "budget" | "help" | "doctor" ;
 *   argument     = instructions                       (* fix, plan, retry: also every line that follows *)
 *                | [ sha ]                            (* approve; 7 to 64 hexadecimal digits *)
 *                | [ "$" ], dollars, [ ".", cents ]   (* budget; at most 6 digits, 1 or 2 digits *)
 *                | any text                           (* stop, status, help, doctor: not looked at *) ;
 *   blank        = ( space | tab | no-break space ), { space | tab | no-break space } ;
 *   hidden       = code, quote, HTML comment, inside of <details>, <pre> and their like ;
 *
 * Letters match in either case. A tab or four spaces before the line make it code, as on GitHub. The line is
 * the first that is visible; in any other character (full-width slash, Cyrillic letter, zero-width space)
 * it is ordinary text. `/agent` alone is an unknown command with the empty verb: the answer is the list.
 */
import { endOf, type Piece, pieces, readBlocks, startOf, withTagsFound } from "./markdown.ts";
import { nearest } from "./nearest.ts";

/** The words after `/agent`. */
export type Verb = "fix" | "plan" | "approve" | "stop" | "retry" | "status" | "budget" | "help" | "doctor";

/** A command understood. */
export type Command =
  /** `instructions` is "" when there are none; `cut` says they were longer than `instructionsCharsMax`. */
  | { kind: "fix" | "plan" | "retry"; instructions: string; cut: boolean }
  /** `sha`: 7 to 64 lower-case hexadecimal digits. */
  | { kind: "approve"; sha?: string }
  | { kind: "budget"; cents: number }
  | { kind: "stop" | "status" | "help" | "doctor" };

/** What a comment turned out to be. */
export type CommandReading =
  | { kind: "none" }
  | { kind: "command"; command: Command }
  /** `verb` as written: at most 32 of `A–Z a–z 0–9 _ - . :`, or "" for a bare `/agent`. */
  | { kind: "unknown"; verb: string; nearest?: Verb }
  /** A known verb whose argument does not parse; `expected` says which would, as Markdown. */
  | { kind: "malformed"; verb: Verb; expected: string };

/** One command, for the help, the README and the parser. */
export interface CommandRow {
  verb: Verb;
  form: string;
  help: string;
  who: string;
  /** What in it takes `maintain` or `admin`, where something does. */
  beyond?: string;
}

/** Longest instructions taken from a comment, in UTF-16 units. */
export const instructionsCharsMax = 20_000;

const writer = "anyone who may trigger";
const headApproval = "with SHA: maintain or admin";
const largeBudget = "above the settings' budget: maintain or admin";

/** Every command, in the order of the help. */
export const commandTable: readonly CommandRow[] = [
  {
    verb: "fix",
    form: "/agent fix [instructions]",
    help: "start a run, or pass instructions on to the one that is alive (short: `/fix`)",
    who: writer,
  },
  {
    verb: "plan",
    form: "/agent plan [instructions]",
    help: "start a run that proposes a plan first and waits",
    who: writer,
  },
  {
    verb: "approve",
    form: "/agent approve [SHA]",
    help: "go ahead with the plan, or let held work through at that commit",
    who: `${writer}; ${headApproval}`,
    beyond: headApproval,
  },
  {
    verb: "stop",
    form: "/agent stop",
    help: "stop the run; a branch that was pushed stays",
    who: writer,
  },
  {
    verb: "retry",
    form: "/agent retry [instructions]",
    help: "start again after an ending that was not a success",
    who: writer,
  },
  { verb: "status", form: "/agent status", help: "say where the run stands", who: writer },
  {
    verb: "budget",
    form: "/agent budget USD",
    help: "replace the run's budget, such as `/agent budget 7.50`",
    who: `${writer}; ${largeBudget}`,
    beyond: largeBudget,
  },
  { verb: "help", form: "/agent help", help: "list the commands", who: writer },
  { verb: "doctor", form: "/agent doctor", help: "check the set-up for this repository", who: "admin" },
];

const verbs = commandTable.map((row) => row.verb);
const opening = /^[ \t\u00a0]*\/(agent|fix)(?=[ \t\u00a0]|$)/i;

/** Reads a comment by the grammar above. Pure, never throws, as bounded for any text as `readBlocks`. */
export function parseCommand(commentBody: string): CommandReading {
  const text = commentBody.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  // Nearly every comment ends here, without being parsed.
  if (!text.split("\n").some((line) => opening.test(line))) return { kind: "none" };
  const { start, end } = firstLine(text);
  const line = text.slice(start, end).normalize("NFC");
  const match = opening.exec(line);
  if (!match) return { kind: "none" };
  const after = line.slice(match[0].length);
  if (match[1]?.toLowerCase() === "fix") return argued("fix", after, text.slice(end));
  const word = /[^ \t\u00a0]+/.exec(after)?.[0] ?? "";
  const argument = after.slice(after.indexOf(word) + word.length);
  const verb = commandTable.find((row) => row.verb === word.toLowerCase())?.verb;
  return verb ? argued(verb, argument, text.slice(end)) : unknown(word);
}

/** Does a further visible line look like a command? Only the first of a comment is one. Pure, bounded. */
export function hasSecondCommand(commentBody: string): boolean {
  const text = commentBody.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const written = text.split("\n");
  if (written.filter((line) => opening.test(line)).length < 2) return false;
  const shown = visibleText(text).split("\n");
  return written.filter((line, at) => opening.test(line) && opening.test(shown[at] ?? "")).length > 1;
}

interface Stretch {
  start: number;
  end: number;
}

/** The text with everything blanked that does not show: code, quotes, comments, what is folded away. */
function visibleText(text: string): string {
  const reading = readBlocks(withTagsFound(text));
  const cited = reading.tree.children
    .filter((block) => block.type === "code" || block.type === "blockquote")
    .map((block) => ({ start: startOf(block), end: endOf(block) }));
  const shown = only(text.slice(0, reading.end), unfolded(pieces(text, reading)));
  return without(shown, cited);
}

/** The first line with something visible outside code and quotes; empty when there is none. */
function firstLine(text: string): Stretch {
  const at = visibleText(text).search(/[^ \t\n\u00a0]/);
  if (at < 0) return { start: 0, end: 0 };
  const lineEnd = text.indexOf("\n", at);
  return { start: text.lastIndexOf("\n", at) + 1, end: lineEnd < 0 ? text.length : lineEnd };
}

/** Elements that fold away, quote, strike out or show as code what they hold. */
const folding = new Set(
  "details pre code tt kbd samp xmp blockquote q del s strike script style template textarea title".split(
    " ",
  ),
);

/** The stretches of text outside every folding element. */
function unfolded(all: Piece[]): Stretch[] {
  const open: string[] = [];
  return all.filter((piece) => {
    if (piece.kind === "text") return open.length === 0;
    if (!folding.has(piece.name)) return false;
    if (piece.kind === "open") open.push(piece.name);
    else if (open.includes(piece.name)) open.splice(open.lastIndexOf(piece.name), 1);
    return false;
  });
}

/** The text with the stretches blanked; they come in order and do not overlap. */
function without(text: string, stretches: Stretch[]): string {
  let at = 0;
  const parts = stretches.map(({ start, end }) => {
    const before = text.slice(at, start);
    at = end;
    return before + text.slice(start, end).replace(/[^\n]/g, " ");
  });
  return parts.join("") + text.slice(at);
}

/** The text with everything but the stretches blanked. */
function only(text: string, stretches: Stretch[]): string {
  const gaps = stretches.map(({ start }, index) => ({ start: stretches[index - 1]?.end ?? 0, end: start }));
  return without(text, [...gaps, { start: stretches.at(-1)?.end ?? 0, end: text.length }]);
}

function argued(verb: Verb, argument: string, rest: string): CommandReading {
  const own = argument.trim();
  switch (verb) {
    case "fix":
    case "plan":
    case "retry": {
      const all = (own + rest).replace(/^(?:[ \t]*\n)+/, "").trimEnd();
      const instructions = all.slice(0, instructionsCharsMax).toWellFormed();
      return {
        kind: "command",
        command: { kind: verb, instructions, cut: all.length > instructionsCharsMax },
      };
    }
    case "approve": {
      if (own === "") return { kind: "command", command: { kind: verb } };
      if (!/^[0-9a-f]{7,64}$/i.test(own)) {
        return {
          kind: "malformed",
          verb,
          expected: "`/agent approve SHA`, with at least 7 digits of the commit",
        };
      }
      return { kind: "command", command: { kind: verb, sha: own.toLowerCase() } };
    }
    case "budget": {
      const amount = /^\$?(\d{1,6})(?:\.(\d{1,2}))?$/.exec(own);
      if (!amount) return { kind: "malformed", verb, expected: "`/agent budget USD`, such as 5 or 7.50" };
      const cents = Number(amount[1]) * 100 + Number((amount[2] ?? "").padEnd(2, "0"));
      return { kind: "command", command: { kind: verb, cents } };
    }
    case "stop":
    case "status":
    case "help":
    case "doctor":
      return { kind: "command", command: { kind: verb } };
  }
}

/** A word that is no verb; one with other than printable ASCII is ordinary text and gets no answer. */
function unknown(word: string): CommandReading {
  if (/[^!-~]/.test(word)) return { kind: "none" };
  const verb = word.replace(/[^\w.:-]/g, "").slice(0, 32);
  const near = commandTable.find((row) => row.verb === nearest(verb, verbs))?.verb;
  return { kind: "unknown", verb, ...(near && { nearest: near }) };
}
