/**
 * What all pages of the dashboard share: the frame around them, and how states, times and money are shown.
 * Nothing here is loaded from elsewhere, and nothing needs the script.
 */
import { html } from "hono/html";
import { dollars, span } from "../../domain/words.ts";
import type { RunLine } from "../../store/listing.ts";

/** A piece of a page. */
export type Html = ReturnType<typeof html>;

/** Who looks. */
export interface Looker {
  /** Absent for whoever sits on the machine itself. */
  login?: string;
  /** Goes into every form that changes something. */
  formKey?: string;
}

/** A page. */
export interface PageParts {
  title: string;
  looker?: Looker;
  /** Where newer fragments come from. */
  live?: string;
  current?: "runs" | "overview";
  body: Html;
}

/** A whole page. */
export function page({ title, looker, live, current, body }: PageParts): Html {
  const at = (name: string) => (name === current ? html` aria-current="page"` : "");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Patchwright</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
<script src="/assets/live.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="mark" href="/">Patchwright</a>
${
  looker
    ? html`<nav aria-label="Pages"><a class="tab" href="/"${at("runs")}>Runs</a> <a class="tab" href="/overview"${at("overview")}>Overview</a></nav>
${account(looker)}`
    : ""
}
</header>
<main id="main"${live === undefined ? "" : html` data-live="${live}"`}>
${body}
</main>
</body>
</html>`;
}

function account({ login, formKey }: Looker): Html {
  if (login === undefined) return html`<p class="account">on this machine</p>`;
  return html`<form class="account" method="post" action="/auth/sign-out">
<input type="hidden" name="key" value="${formKey}"><span>${login}</span> <button class="quiet">Sign out</button></form>`;
}

/** States by how they are coloured; the words are always there as well. */
const tones: Record<string, string> = {
  queued: "wait",
  starting: "work",
  working: "work",
  "waiting for an answer": "wait",
  "waiting for approval": "wait",
  opened: "good",
  merged: "done",
  failed: "bad",
  refused: "bad",
  "timed out": "bad",
  "budget reached": "wait",
  unanswered: "bad",
};

/** A run's state as a person reads it. */
export function stateText({ state, pull, fate }: Pick<RunLine, "state" | "pull" | "fate">): string {
  if (fate !== undefined && pull !== undefined) return `${fate} #${pull}`;
  return state === "opened" && pull !== undefined ? `opened #${pull}` : state;
}

/** A run's state, coloured. */
export function statePill(line: RunLine): Html {
  const tone = tones[line.fate ?? line.state] ?? "calm";
  return html`<span class="state ${tone}">${stateText(line)}</span>`;
}

/** How long a run took, or has been taking. */
export function tookText({ phase, createdAt, stateAt }: RunLine, now: number): string {
  return span((phase === "working" ? now : stateAt) - createdAt);
}

/** A time, in UTC to the minute. */
export function timeText(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)}</time>`;
}

/** Money. */
export function costText(cents: number): string {
  return dollars(cents);
}

/** A run's page. */
export function runPath(id: string): string {
  return `/runs/${id}`;
}

/** Can an address's word be a run's id? */
export function isRunId(word: string): boolean {
  return /^run_[a-z0-9]{1,40}$/.test(word);
}
