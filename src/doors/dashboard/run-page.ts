/** A run's page: where it stands, what may be done, what it cost, and its timeline. */
import { html } from "hono/html";
import { budgetCents } from "../../domain/run.ts";
import { costsOf, costsText, type Moment, timelineOf } from "../../domain/timeline.ts";
import { span } from "../../domain/words.ts";
import type { Course } from "../../store/course.ts";
import type { Act } from "./acts.ts";
import { chart } from "./chart.ts";
import { costText, type Html, type Looker, page, runPath, statePill, timeText, tookText } from "./frame.ts";

/** A run as everybody sees it who may see it. */
export interface RunShown {
  course: Course;
  sessionUrl: (session: string) => string;
  /** The web address of GitHub. */
  webUrl: string;
  now: number;
}

/** A run as a page shows it. */
export interface RunParts extends RunShown {
  looker: Looker;
  /** What the person may do now. */
  acts: Act[];
}

/** The page. */
export function runPage(parts: RunParts): Html {
  const { looker, course } = parts;
  const { line } = course;
  const { state, facts, links, acts, chart: costs } = pieces(parts);
  // The line that says where it stands stays the same element, for whoever listens to it: what is in it changes.
  const body = html`<p class="crumbs"><a href="/">Runs</a> / <code>${line.owner}/${line.repo}#${line.issue}</code></p>
<h1>${line.title}</h1>
<section class="standing" aria-label="Where the run stands">
<p class="headline" role="status">${state}</p>
${facts}
${links}
${acts}
</section>
${costs}
${timelineFragment(parts)}`;
  return page({ title: line.title, looker, live: `${runPath(line.id)}/live`, body });
}

/** The parts of the page that change while somebody looks, by id; the timeline, which no time changes, is not among them. */
export function movingFragments(parts: RunParts): Map<string, Html> {
  return new Map(Object.entries(pieces(parts)));
}

/** The part that shows the run's course. */
export function timelineFragment({
  course: { line, run, facts, journal },
  sessionUrl,
}: Pick<RunShown, "course" | "sessionUrl">): Html {
  return timeline(timelineOf({ run, facts, journal, sessionUrl }), line.createdAt);
}

/** The part with the buttons. */
export function actsFragment(acts: Act[], id: string, looker: Looker): Html {
  return html`<div id="acts">${acts.map((act) => actForm(act, id, looker))}</div>`;
}

/** What changes at different times is in pieces of its own: a button is not replaced because a second has passed. */
function pieces(parts: RunParts) {
  const { course, now } = parts;
  const { line, run } = course;
  const points = costsOf(course);
  const budget = budgetCents(run.settings);
  const until = line.phase === "working" ? now : Math.max(line.stateAt, points.at(-1)?.at ?? 0);
  const words = costsText([...points, { at: until, cents: line.costCents }], budget);
  const costs =
    line.costCents > (points.at(-1)?.cents ?? 0) ? [...points, { at: until, cents: line.costCents }] : points;
  return {
    state: html`<span id="state">${statePill(line)}</span>`,
    facts: facts(parts),
    links: links(parts),
    acts: actsFragment(parts.acts, line.id, parts.looker),
    chart: chart({ points: costs, until, budgetCents: budget, words }),
  };
}

function facts({ course: { line, run }, now }: RunShown): Html {
  return html`<dl id="facts">
<div><dt>Asked by</dt><dd>${line.person}</dd></div>
<div><dt>Started (UTC)</dt><dd>${timeText(line.createdAt)}</dd></div>
<div><dt>Time</dt><dd>${tookText(line, now)}</dd></div>
<div><dt>Cost</dt><dd>${costText(line.costCents)}</dd></div>
<div><dt>Model</dt><dd><code>${line.model}</code></dd></div>
<div><dt>Round</dt><dd>${run.round}</dd></div>
<div><dt>Run</dt><dd><code>${line.id}</code></dd></div>
</dl>`;
}

function links({ course: { line, run }, sessionUrl, webUrl }: RunShown): Html {
  const repository = `${webUrl}/${line.owner}/${line.repo}`;
  const shown = [
    html`<a href="${repository}/issues/${line.issue}">Issue #${line.issue}</a>`,
    ...(line.pull === undefined
      ? []
      : [html`<a href="${repository}/pull/${line.pull}">Pull request #${line.pull}</a>`]),
    ...(run.session === undefined ? [] : [html`<a href="${sessionUrl(run.session)}">Session</a>`]),
  ];
  return html`<p id="links" class="links">${shown}</p>`;
}

function actForm(act: Act, id: string, { formKey }: Looker): Html {
  const words = act === "stop" ? "Stop this run" : "Start again";
  return html`<form method="post" action="${runPath(id)}/${act}"><input type="hidden" name="key" value="${formKey}">
<button class="${act}">${words}</button></form>`;
}

function timeline(moments: Moment[], from: number): Html {
  return html`<section id="timeline" aria-labelledby="timeline-title"><h2 id="timeline-title">Timeline</h2>
<ol class="timeline">${moments.map((moment) => item(moment, from))}</ol></section>`;
}

const whoText: Record<Moment["who"], string> = {
  person: "person",
  agent: "agent",
  token: "token",
  service: "service",
  proposal: "proposal",
  ending: "ending",
};

/** Longer texts are folded. */
const openMax = 280;

function item({ at, who, title, text, link, code }: Moment, from: number): Html {
  const iso = new Date(at).toISOString();
  return html`<li class="${who}"><time datetime="${iso}" title="${iso}">+${span(at - from)}</time>
<div><p><span class="who">${whoText[who]}</span> <strong>${title}</strong>${code === undefined ? "" : html` <code>${code}</code>`}${
    link === undefined ? "" : html` <a href="${link.url}">${link.words}</a>`
  }</p>${text ? words(text) : ""}</div></li>`;
}

function words(text: string): Html {
  if (text.length <= openMax && text.split("\n").length <= 6) return html`<p class="words">${text}</p>`;
  const first = text.slice(0, 120).split("\n")[0] ?? "";
  return html`<details><summary>${first}…</summary><p class="words">${text}</p></details>`;
}
