/** Pages that only say something: what does not exist, what went wrong. */
import { html } from "hono/html";
import { type Html, type Looker, page } from "./frame.ts";

/** For what does not exist, and for what may not be seen. */
export function notFoundPage(looker: Looker | undefined): Html {
  const body = html`<div class="gate"><h1>Not found</h1>
<p>There is no such page, or it is not yours to see. <a href="/">All runs</a></p></div>`;
  return page({ title: "Not found", ...(looker ? { looker } : {}), body });
}

/** Something in one sentence. `run`: the path of the run that it is about. */
export function messagePage(
  looker: Looker | undefined,
  { title, words, run }: { title: string; words: string; run?: string },
): Html {
  const back = run === undefined ? "" : html`<a href="${run}">Back to the run</a> · `;
  const body = html`<div class="gate"><h1>${title}</h1><p role="alert">${words}</p><p>${back}<a href="/">All runs</a></p></div>`;
  return page({ title, ...(looker ? { looker } : {}), body });
}
