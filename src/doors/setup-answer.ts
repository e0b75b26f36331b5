/** What the set-up takes of a request, and what each of its pages is answered with. It knows no step. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { textFields } from "./form.ts";
import { type Html, styleHash } from "./setup-pages.ts";

/** Only forms of these pages are sent, to us and to the GitHub that was chosen; nothing else is loaded. */
export function show(context: Context, page: Html, alsoTo = ""): Response | Promise<Response> {
  const policy = `default-src 'none'; style-src ${styleHash}; form-action 'self' ${alsoTo}; frame-ancestors 'none'; base-uri 'none'`;
  context.header("content-security-policy", policy);
  context.header("cache-control", "no-store");
  return context.html(page);
}

/** The texts of a form. Throws 400 where it cannot be read. */
export async function formOf(context: Context): Promise<Record<string, string>> {
  const fields = await textFields(context);
  if (!fields) throw new HTTPException(400);
  return fields;
}

/** Where the browser believes to be: GitHub sends it back there. */
export function originOf(context: Context): string {
  const isSecure = context.req.header("x-forwarded-proto")?.split(",")[0]?.trim() === "https";
  return `${isSecure ? "https" : "http"}://${new URL(context.req.url).host}`;
}
