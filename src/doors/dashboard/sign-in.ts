/**
 * Signing in with GitHub and out again. The browser that was sent to GitHub is the only one in which what comes
 * back counts: `state` and the PKCE verifier wait in a cookie of its own for ten minutes.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import type { Clock } from "../../clock.ts";
import type { Config } from "../../config.ts";
import { isProblem } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import { exchangesAtOnceMax, type OAuth } from "../../github/visitor-token.ts";
import { visitMs } from "../../mission/visitor-seal.ts";
import { textFields } from "../form.ts";
import { type Asked, type Pages, show } from "./answer.ts";
import { type Html, page } from "./frame.ts";
import { messagePage } from "./message-page.ts";
import { formKeyOf, type Visits } from "./visits.ts";
import { createWays, type Way, type Ways, waySeconds } from "./way.ts";

/** What the sign-in works with. */
export interface SignInParts {
  config: Pick<Config, "server">;
  oauth: OAuth;
  /** Of the App's OAuth. */
  secret: Secret;
  visits: Visits;
  random: (bytes: number) => Uint8Array;
  clock: Clock;
}

/** The sign-ins of this process. */
interface Desk extends SignInParts {
  ways: Ways;
  /** How many are being finished. */
  open: number;
}

const visitCookie = "patchwright";
const wayCookie = "patchwright_way";
const wordBytes = 32;
/** When a browser that found the desk full may come again. */
const againSeconds = 5;

/** The routes. */
export function signInRoutes(parts: SignInParts): Hono<Pages> {
  const desk: Desk = { ...parts, ways: createWays(parts), open: 0 };
  const app = new Hono<Pages>();
  app.get("/auth/sign-in", (context) => leave(desk, context));
  app.get("/auth/callback", (context) => comeBack(desk, context));
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

function leave(parts: Desk, context: Asked): Response {
  const word = () => Buffer.from(parts.random(wordBytes)).toString("base64url");
  const way = { state: word(), verifier: word(), to: localPath(context.req.query("to")) };
  setCookie(context, wayCookie, parts.ways.write(way), {
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

async function comeBack(desk: Desk, context: Asked) {
  const where = bound(context, desk, wayPath);
  const way = desk.ways.read(getCookie(context, wayCookie, where.prefix) ?? "");
  const { code, state = "", error } = context.req.query();
  const isOwn = way !== undefined && isSame(state, way.state);
  // The cookie stays: the same page, loaded again, goes on.
  if (isOwn && desk.open >= exchangesAtOnceMax) return full(context);
  deleteCookie(context, wayCookie, where);
  if (!isOwn) {
    const words = "This sign-in was not begun in this browser, or it took too long. Begin again.";
    return show(context, trouble(words), 403);
  }
  desk.ways.use(way);
  if (error !== undefined || !code) return show(context, trouble("GitHub did not sign you in."), 403);
  desk.open += 1;
  try {
    return await finish(desk, context, { code, way });
  } catch (problem) {
    if (!isProblem(problem)) throw problem;
    return show(context, trouble(problem.message), problem.kind === "later" ? 503 : 403);
  } finally {
    desk.open -= 1;
  }
}

function full(context: Asked) {
  context.header("retry-after", String(againSeconds));
  const words = "Too many people are signing in at this moment. Load this page again in a few seconds.";
  return show(context, trouble(words), 503);
}

async function finish(desk: Desk, context: Asked, { code, way }: { code: string; way: Way }) {
  const tokens = await desk.oauth.exchange({ code, verifier: way.verifier, ...redirectUri(desk) });
  setVisit(context, desk, await desk.visits.begin(tokens));
  return context.redirect(way.to, 303);
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
