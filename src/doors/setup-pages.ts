/**
 * The pages of the set-up: plain forms without script or anything from elsewhere. What is typed into them is
 * judged by the set-up.
 */
import { createHash } from "node:crypto";
import { html, raw } from "hono/html";

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 38rem; margin: 3rem auto; padding: 0 1rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
small { display: block; font-weight: 400; opacity: 0.75; }
input, select { box-sizing: border-box; width: 100%; padding: 0.5rem; font: inherit; }
button { margin-top: 1.5rem; padding: 0.6rem 1.2rem; font: inherit; font-weight: 600; cursor: pointer; }
[role="alert"] { border-left: 0.3rem solid #c33; padding: 0.5rem 1rem; }
`;

/** The hash by which the content security policy lets the pages' own style in. */
export const styleHash = `'sha256-${createHash("sha256").update(style).digest("base64")}'`;

/** A page. */
export type Html = ReturnType<typeof html>;

function page(title: string, body: Html, trouble?: string): Html {
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · Patchwright</title><style>${raw(style)}</style></head>
<body><main><h1>${title}</h1>
${trouble === undefined ? "" : html`<p role="alert">${trouble}</p>`}
${body}</main></body></html>`;
}

/** Says what went wrong, where no form says it. */
export function troublePage(trouble: string): Html {
  return page("Set up Patchwright", html`<p><a href="/">Back to the set-up</a></p>`, trouble);
}

/** Asks for the code on the console. */
export function codePage(trouble?: string): Html {
  const form = html`<form method="post" action="/setup/code">
<label>Code<small>The service printed it where it was started. It is good once.</small>
<input name="code" autocomplete="off" autofocus required></label>
<button>Go on</button></form>`;
  return page("Set up Patchwright", form, trouble);
}

/** What was typed into the form about the App. */
export type Typed = Record<"publicUrl" | "name" | "owner" | "host" | "protocol" | "keep", string>;

/** Asks for what the App is created with. `fixed`: the environment gives the public URL. */
export function appPage(
  typed: Typed,
  { fixed, trouble }: { fixed: boolean; trouble?: string | undefined },
): Html {
  const origin = fixed
    ? "Set by PUBLIC_URL in the environment."
    : "GitHub delivers to it: https, reachable from GitHub.";
  const form = html`<p>Step 1 of 2: create your GitHub App.</p>
<form method="post" action="/setup/app">
<label>Public URL of this service<small>${origin}</small>
<input name="publicUrl" type="url" value="${typed.publicUrl}" placeholder="https://patchwright.example.com" required${fixed ? raw(" readonly") : ""}></label>
<label>Name of the App<small>Unique on GitHub, at most 34 characters.</small>
<input name="name" value="${typed.name}" maxlength="34" required></label>
<label>Organisation<small>Its login; empty for your own account.</small>
<input name="owner" value="${typed.owner}"></label>
<label>GitHub Enterprise Server<small>host[:port]; empty for github.com.</small>
<input name="host" value="${typed.host}"></label>
<label>Its protocol
<select name="protocol"><option>https</option>
<option${typed.protocol === "http" ? raw(" selected") : ""}>http</option></select></label>
<label>Its credentials<small>A console that is collected, as a container's is, keeps what is printed: prefer the file there.</small>
<select name="keep"><option value="file">are stored in credentials.json, for this user only</option>
<option value="print"${typed.keep === "print" ? raw(" selected") : ""}>are printed once on the console, for a secret store</option></select></label>
<button>Go on</button></form>`;
  return page("Set up Patchwright", form, trouble);
}

/** Hands the manifest to GitHub, by the browser of the person whose App it becomes. */
export function handOverPage({ action, manifest }: { action: string; manifest: string }): Html {
  const form = html`<p>GitHub shows what the App asks for and creates it, then brings you back here.</p>
<form method="post" action="${action}"><input type="hidden" name="manifest" value="${manifest}">
<button autofocus>Create the App on GitHub</button></form>`;
  return page("Create the App", form);
}

function appExists(isPrinted: boolean): Html {
  const words = isPrinted
    ? "Its credentials were printed on the console, once: put them into your secret store now."
    : "Its credentials are stored.";
  return html`<p>Step 2 of 2: your GitHub App exists. ${words}</p>`;
}

/** Asks for the key of the Claude platform. */
export function keyPage(isPrinted: boolean, trouble?: string): Html {
  const kept = isPrinted ? "it is tried, and neither stored nor printed" : "it is tried before it is stored";
  const form = html`${appExists(isPrinted)}
<form method="post" action="/setup/claude">
<label>Claude API key<small>From the Claude Console; ${kept}.</small>
<input name="key" type="password" autocomplete="off" required autofocus></label>
<button>${isPrinted ? "Try it" : "Try and store it"}</button></form>`;
  return page("Claude", form, trouble);
}

/** Says why the key that the environment gives is none, where a form could not change it. */
export function badKeyPage(isPrinted: boolean, trouble: string): Html {
  return page("Claude", html`${appExists(isPrinted)}<p><a href="/">Try the key again</a></p>`, trouble);
}

/** The end: where to install the App. */
export function donePage(appUrl: string, isPrinted: boolean): Html {
  const words = html`<p>Patchwright is starting; this page is gone now.</p>
${isPrinted ? html`<p>It knows the credentials until it stops: before its next start, have your secret store set what the console shows, and <code>ANTHROPIC_API_KEY</code>.</p>` : ""}
<p><a href="${appUrl}/installations/new">Install the App</a> and choose its repositories. Then create a label
<code>agent</code> in one of them and put it on an issue.</p>`;
  return page("Ready", words);
}
