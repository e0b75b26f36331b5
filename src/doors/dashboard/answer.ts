/** What every page is answered with: its headers, and how much of it anybody keeps. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Audience } from "./audience.ts";
import type { Html } from "./frame.ts";
import { notFoundPage } from "./message-page.ts";

/** What a request to the dashboard carries. */
export type Pages = {
  Bindings: HttpBindings;
  Variables: {
    audience: Audience;
    /** The audience as it is by now; undefined for who is none any more. */
    again: () => Promise<Audience | undefined>;
    /** The cookie by which the audience is known. */
    visit?: string;
  };
};
/** A request to the dashboard. */
export type Asked = Context<Pages>;

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
export const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    scriptSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
});

/** A page as an answer; none is kept by anybody. */
export function show(
  context: Asked,
  page: Html,
  status: 200 | 400 | 401 | 403 | 404 | 413 | 500 | 503 = 200,
) {
  context.header("cache-control", "no-store");
  context.status(status);
  return context.html(page);
}

/** The same for what does not exist and for what may not be seen, whether somebody has signed in or not. */
export function missing(context: Asked) {
  return show(context, notFoundPage(context.get("audience")?.looker), 404);
}
