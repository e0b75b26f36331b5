/**
 * Signing in with GitHub and out again. The browser that was sent to GitHub is the only one in which what comes
 * back counts: `state` and the PKCE verifier wait in a cookie of its own for ten minutes.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { z } from "zod";
import type { Config } from "../../config.ts";
import { isProblem } from "../../domain/errors.ts";
import type { OAuth } from "../../github/visitor-token.ts";
import { visitMs } from "../../mission/visitor-seal.ts";
import { textFields } from "../form.ts";
import { type Asked, type Pages, show } from "./answer.ts";
import { type Html, page } from "./frame.ts";
import { messagePage } from "./message-page.ts";
import { formKeyOf, type Visits } from "./visits.ts";

/** What the sign-in works with. */
export interface SignInParts {
  config: Pick<Config, "server">;
  oauth: OAuth;
  visits: Visits;
  random: (bytes: number) => Uint8Array;
}

const visitCookie = "patchwright";
const wayCookie = "patchwright_way";
const waySeconds = 600;
const wordBytes = 32;

/** The routes. */
export function signInRoutes(parts: SignInParts): Hono<Pages> {
  const app = new Hono<Pages>();
  app.get("/auth/sign-in", (context) => leave(parts, context));
  app.get("/auth/callback", (context) => comeBack(parts, context));
  app.post("/auth/sign-out", (context) => signOut(parts, context));
  return app;
}

/** The page for those who have not signed in; `to` is where they wanted to go. */
export function signInPage(to: string): Html {
  const body = html`<div class="gate"><h1>Patchwright</h1>
<p>Runs, their timelines and costs, for the repositories you can read on GitHub.</p>
<p><a class="button" href="/auth/sign-in?${new URLSearchParams({ to }).toString()}">Sign in with GitHub</a></p></div>`;
  return page({ title: "Sign in", body });
}

/** The cookie of a visit; undefined without one. */
export function visitOf(context: Asked, parts: Pick<SignInParts, "config">): string | undefined {
  return getCookie(context, visitCookie, bound(context, parts).prefix) || undefined;
}

/** Was the form written by a page of ours, in this browser? */
export function isOwnForm(context: Asked, cookie: string, key: unknown): boolean {
  const site = context.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") return false;
  return typeof key === "string" && isSame(key, formKeyOf(cookie));
}

/** Cookies are for https alone where people come by it. */
function isSecure(context: Asked, { config }: Pick<SignInParts, "config">): boolean {
  const { publicUrl } = config.server;
  if (publicUrl !== undefined) return publicUrl.startsWith("https:");
  return context.req.header("x-forwarded-proto")?.split(",")[0]?.trim() === "https";
}

/**
 * Where a cookie counts. Under https it is bound to the host, so that no neighbouring name and no page without https
 * can put another in its place; that asks for the path `/`.
 */
function bound(context: Asked, parts: Pick<SignInParts, "config">, path = "/") {
  return isSecure(context, parts) ? { path: "/", secure: true, prefix: "host" as const } : { path };
}

const wayPath = "/auth";
const wayShape = z.object({ state: z.string(), verifier: z.string(), to: z.string() });

function leave(parts: SignInParts, context: Asked): Response {
  const word = () => Buffer.from(parts.random(wordBytes)).toString("base64url");
  const way = { state: word(), verifier: word(), to: localPath(context.req.query("to")) };
  setCookie(context, wayCookie, Buffer.from(JSON.stringify(way)).toString("base64url"), {
    httpOnly: true,
    sameSite: "Lax",
    maxAge: waySeconds,
    ...bound(context, parts, wayPath),
  });
  const challenge = createHash("sha256").update(way.verifier).digest("base64url");
  context.header("cache-control", "no-store");
  return context.redirect(parts.oauth.authorizeUrl({ state: way.state, challenge, ...redirectUri(parts) }));
}

/** Where GitHub sends the browser back; without a public address the first one the App is registered with. */
function redirectUri({ config }: SignInParts): { redirectUri?: string } {
  const { publicUrl } = config.server;
  return publicUrl === undefined ? {} : { redirectUri: `${publicUrl}/auth/callback` };
}

async function comeBack(parts: SignInParts, context: Asked) {
  const where = bound(context, parts, wayPath);
  const way = wayOf(getCookie(context, wayCookie, where.prefix));
  deleteCookie(context, wayCookie, where);
  const { code, state = "", error } = context.req.query();
  if (!way || !isSame(state, way.state)) {
    const words = "This sign-in was not begun in this browser, or it took too long. Begin again.";
    return show(context, trouble(words), 403);
  }
  if (error !== undefined || !code) return show(context, trouble("GitHub did not sign you in."), 403);
  try {
    const tokens = await parts.oauth.exchange({ code, verifier: way.verifier, ...redirectUri(parts) });
    const cookie = await parts.visits.begin(tokens);
    setVisit(context, parts, cookie);
    // Whoever can plant a cookie, from a neighbouring name, would lead people elsewhere.
    return context.redirect(localPath(way.to), 303);
  } catch (problem) {
    if (!isProblem(problem)) throw problem;
    return show(context, trouble(problem.message), problem.kind === "later" ? 503 : 403);
  }
}

function setVisit(context: Asked, parts: SignInParts, cookie: string): void {
  setCookie(context, visitCookie, cookie, {
    httpOnly: true,
    sameSite: "Lax",
    maxAge: visitMs / 1_000,
    ...bound(context, parts),
  });
}

async function signOut(parts: SignInParts, context: Asked) {
  const cookie = visitOf(context, parts);
  if (cookie !== undefined) {
    const fields = await textFields(context);
    if (!fields) return show(context, trouble("That form cannot be read. Load the page again."), 400);
    if (!isOwnForm(context, cookie, fields["key"]))
      return show(context, trouble("That form is not ours."), 403);
    await parts.visits.end(cookie);
    deleteCookie(context, visitCookie, bound(context, parts));
  }
  return context.redirect("/", 303);
}

function wayOf(cookie: string | undefined): z.infer<typeof wayShape> | undefined {
  try {
    return wayShape.parse(JSON.parse(Buffer.from(cookie ?? "", "base64url").toString()));
  } catch {
    return undefined;
  }
}

/** A path of ours, wherever the address says to go on. */
function localPath(to = "/"): string {
  return /^\/(?![/\\])[\w/?=&%.+-]{0,500}$/.test(to) ? to : "/";
}

function trouble(words: string): Html {
  return messagePage(undefined, { title: "Not signed in", words });
}

/** Compared by digests of one length, so that time tells nothing. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
