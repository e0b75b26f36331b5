/** What the runs of an organisation come to, by repository, label and model. */
import { html } from "hono/html";
import { fullName } from "../../domain/run.ts";
import { span } from "../../domain/words.ts";
import type { RunLine } from "../../store/listing.ts";
import { type Figures, figuresBy, figuresOf } from "./figures.ts";
import { costText, type Html, type Looker, page } from "./frame.ts";

/** Spans that can be chosen, in days. */
export const daysChoices = [7, 30, 90, 365];

/** Runs that are counted at most, the newest. */
export const countedMax = 10_000;

/** Groups that are shown. */
const groupsMax = 50;

/** What the address of an overview says. */
export interface Scope {
  owner?: string;
  days: number;
}

/** Reads an address's query; what it does not know is left out. */
export function readScope({ owner, days }: Record<string, string>): Scope {
  const known = daysChoices.find((one) => String(one) === days) ?? 30;
  const login = /^[\w-]{1,39}$/.exec(owner ?? "")?.[0];
  return { days: known, ...(login === undefined ? {} : { owner: login }) };
}

/** The page. `owners`: accounts to choose from. */
export function overviewPage({
  looker,
  scope,
  owners,
  lines,
}: {
  looker: Looker;
  scope: Scope;
  owners: string[];
  lines: RunLine[];
}): Html {
  const all = figuresOf("all", lines);
  const option = (value: string, words: string, chosen: boolean) =>
    html`<option value="${value}"${chosen ? html` selected` : ""}>${words}</option>`;
  const body = html`<h1>Overview</h1>
<form class="filters" method="get" action="/overview" aria-label="What is counted">
<label>Account<select name="owner">${option("", "all", scope.owner === undefined)}${owners.map((owner) =>
    option(owner, owner, owner === scope.owner),
  )}</select></label>
<label>Time<select name="days">${daysChoices.map((days) =>
    option(String(days), `${days} days`, days === scope.days),
  )}</select></label><button>Show</button></form>
<dl class="figures">
<div><dt>Runs</dt><dd>${all.runs}</dd></div>
<div><dt>Success</dt><dd>${percent(all)}</dd></div>
<div><dt>Merged</dt><dd>${all.merged}</dd></div>
<div><dt>Time to pull request</dt><dd>${toPull(all)}</dd></div>
<div><dt>Cost</dt><dd>${costText(all.costCents)}</dd></div>
<div><dt>Cost per merged pull request</dt><dd>${perMerged(all)}</dd></div>
</dl>
${lines.length >= countedMax ? html`<p class="said">Only the newest ${countedMax} runs are counted.</p>` : ""}
${table("By repository", figuresBy(lines, fullName))}
${table(
  "By label",
  figuresBy(lines, ({ label }) => label ?? "(command)"),
)}
${table(
  "By model",
  figuresBy(lines, ({ model }) => model || "(unknown)"),
)}
<p><small>Success: of the runs that are over, those with a pull request. Time to pull request: the median.
Cost per merged pull request: the cost of all runs, those without one included.</small></p>`;
  return page({ title: "Overview", looker, current: "overview", body });
}

function table(title: string, groups: Figures[]): Html {
  const heads = ["Runs", "Success", "Opened", "Merged", "Closed", "Time to PR", "Cost", "Per merged"];
  return html`<h2>${title}</h2><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr><th scope="col">Name</th>${heads.map((head) => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
<tbody>${groups.length === 0 ? none : groups.slice(0, groupsMax).map(group)}</tbody></table></div>`;
}

const none = html`<tr><td colspan="9" class="none">No runs in this time.</td></tr>`;

function group(figures: Figures): Html {
  const { name, runs, opened, merged, closed, costCents } = figures;
  const cells = [
    runs,
    percent(figures),
    opened,
    merged,
    closed,
    toPull(figures),
    costText(costCents),
    perMerged(figures),
  ];
  return html`<tr><th scope="row"><code>${name}</code></th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;
}

function percent({ successPercent }: Figures): string {
  return successPercent === undefined ? "–" : `${successPercent} %`;
}

function toPull({ toPullMs }: Figures): string {
  return toPullMs === undefined ? "–" : span(toPullMs);
}

function perMerged({ mergedCents }: Figures): string {
  return mergedCents === undefined ? "–" : costText(mergedCents);
}
