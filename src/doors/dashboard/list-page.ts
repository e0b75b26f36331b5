/** The list of runs: filters that live in the address, a table, and pages of it. */
import { html } from "hono/html";
import type { Choices, RunLine } from "../../store/listing.ts";
import { costText, type Html, type Looker, page, runPath, statePill, timeText, tookText } from "./frame.ts";

/** What the address of a list says. */
export interface Filters {
  state?: string;
  repository?: string;
  person?: string;
  label?: string;
  /** From 1. */
  page: number;
}

/** Lines of one page. */
export const linesMax = 25;

/** Pages of one list. */
export const pagesMax = 400;
const valueMax = 200;

/** States that can be chosen, in the order of a run's life. */
const states = [
  "queued",
  "starting",
  "working",
  "waiting for an answer",
  "waiting for approval",
  "opened",
  "merged",
  "closed",
  "no changes",
  "stopped",
  "failed",
  "refused",
  "budget reached",
  "timed out",
  "unanswered",
];

/** Reads an address's query; what it does not know is left out. */
export function readFilters(query: Record<string, string>): Filters {
  // No name has control characters in it, and not every store takes them.
  const given = (name: string) =>
    query[name]
      ?.replaceAll(/\p{Cc}/gu, "")
      .trim()
      .slice(0, valueMax) || undefined;
  const wanted = Number(query["page"] ?? 1);
  const number = Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, pagesMax) : 1;
  const filters: Filters = { page: number };
  for (const name of ["state", "repository", "person", "label"] as const) {
    const value = given(name);
    if (value !== undefined) filters[name] = value;
  }
  return filters;
}

/** The query of these filters, to stand after a path. */
export function queryOf({ page: number, ...filters }: Filters): string {
  const query = new URLSearchParams(filters);
  if (number > 1) query.set("page", String(number));
  return query.size === 0 ? "" : `?${query}`;
}

function isFiltered(filters: Filters): boolean {
  return queryOf({ ...filters, page: 1 }) !== "";
}

/** A list. */
export interface ListParts {
  looker: Looker;
  filters: Filters;
  choices: Choices;
  lines: RunLine[];
  /** Do others follow? */
  more: boolean;
  /** Where there are no lines: the last page that has some, 0 where none has. */
  last: number;
  now: number;
}

/** The page. */
export function listPage({ looker, filters, choices, lines, more, last, now }: ListParts): Html {
  const body = html`<h1>Runs</h1>
${filterForm(filters, choices)}
<div class="scroll" tabindex="0" role="region" aria-label="Runs">
<table class="runs">
<thead><tr><th scope="col">Run</th><th scope="col">State</th><th scope="col" class="aside">Asked by</th>
<th scope="col" class="aside">Started (UTC)</th><th scope="col" class="number aside">Time</th><th scope="col" class="number">Cost</th></tr></thead>
${rows({ lines, last, filters, now })}
</table></div>
${lines.length === 0 ? "" : pages(filters, more)}`;
  return page({ title: "Runs", looker, current: "runs", live: `/live${queryOf(filters)}`, body });
}

function filterForm(filters: Filters, choices: Choices): Html {
  const options = [
    select({ name: "state", title: "State", value: filters.state, options: states }),
    select({
      name: "repository",
      title: "Repository",
      value: filters.repository,
      options: choices.repositories,
    }),
    select({ name: "person", title: "Asked by", value: filters.person, options: choices.people }),
    select({ name: "label", title: "Label", value: filters.label, options: choices.labels }),
  ];
  return html`<form class="filters" method="get" action="/" aria-label="Filters">${options}
<button>Show</button>${isFiltered(filters) ? html`<a class="all" href="/">Show all</a>` : ""}</form>`;
}

function select({
  name,
  title,
  value = "",
  options,
}: {
  name: string;
  title: string;
  value: string | undefined;
  options: string[];
}): Html {
  const all = value === "" || options.includes(value) ? options : [value, ...options];
  return html`<label>${title}<select name="${name}"><option value="">all</option>${all.map(
    (one) => html`<option${one === value ? html` selected` : ""}>${one}</option>`,
  )}</select></label>`;
}

/** The table's body, which is replaced as a whole when runs come and go. */
export function rows({
  lines,
  last,
  filters,
  now,
}: Pick<ListParts, "lines" | "last" | "filters" | "now">): Html {
  const shown = lines.length === 0 ? none(filters, last) : lines.map((line) => row(line, now));
  return html`<tbody id="rows">${shown}</tbody>`;
}

/** Why there is nothing to see, and the way to where there may be. */
function none(filters: Filters, last: number): Html {
  if (last > 0)
    return noneBut(
      html`No runs on this page. <a href="/${queryOf({ ...filters, page: last })}">The last page</a>`,
    );
  if (isFiltered(filters)) return noneBut(html`No runs match this filter. <a href="/">Show all runs</a>`);
  return noneBut(html`No runs yet. Put a label on an issue, or write <code>/agent fix</code> in a comment.`);
}

function noneBut(words: Html): Html {
  return html`<tr><td colspan="6" class="none">${words}</td></tr>`;
}

/** One run's row. */
export function row(line: RunLine, now: number): Html {
  const label = line.label === undefined ? "" : html` · <span class="label">${line.label}</span>`;
  return html`<tr id="${line.id}"><th scope="row"><a class="name" href="${runPath(line.id)}">${line.title}</a>
<small><code>${line.owner}/${line.repo}#${line.issue}</code>${label}</small></th>
<td>${statePill(line)}</td><td class="aside">${line.person}</td><td class="aside">${timeText(line.createdAt)}</td>
<td class="number aside">${tookText(line, now)}</td>
<td class="number">${costText(line.costCents)}<small class="narrow">${tookText(line, now)} · ${line.person}</small></td></tr>`;
}

function pages(filters: Filters, more: boolean): Html {
  const to = (number: number) => `/${queryOf({ ...filters, page: number })}`;
  if (filters.page === 1 && !more) return html``;
  return html`<nav class="pages" aria-label="Pages of the list">
${filters.page > 1 ? html`<a rel="prev" href="${to(filters.page - 1)}">Newer</a>` : ""}
<span>Page ${filters.page}</span>
${more ? older(filters.page, to) : ""}</nav>`;
}

/** A store is not to count through all it has for one page. */
function older(number: number, to: (number: number) => string): Html {
  return number < pagesMax
    ? html`<a rel="next" href="${to(number + 1)}">Older</a>`
    : html`<span>Older runs are shown by a filter</span>`;
}
