/**
 * Signing in by an App's OAuth as GitHub has it (*Generating a user access token for a GitHub App*): the pages a
 * person sees, the exchange of a code, tokens that expire and are refreshed, and giving them back. PKCE is asked
 * for, though GitHub does not insist.
 */
import { createHash, randomBytes } from "node:crypto";
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { sha256 } from "./auth.ts";
import type { Reply } from "./call.ts";
import { type Env, exchange, type Gate, type HonoContext } from "./gate.ts";
import { clientId, clientSecret } from "./payload-account.ts";
import { type Account, accountOf, type World } from "./world.ts";

/** A code is good once and for ten minutes; tokens live eight hours, refresh tokens six months. */
const codeMs = 10 * 60_000;
const refreshSeconds = 15_897_600;

interface Wish {
  account: Account;
  redirectUri: string;
  challenge: string;
  until: number;
}

/** Sign-ins on their way. */
export class SignIns {
  /** Seconds a token lives; 0 for an App that has turned expiry off. */
  lifeSeconds = 28_800;
  readonly #world: World;
  readonly #codes = new Map<string, Wish>();
  /** Hash of a refresh token → hash of the token it came with. */
  readonly #refreshes = new Map<string, { account: Account; access: string; until: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Refresh tokens that would bring another token: those not used, whose token has not been given back. */
  refreshes(): number {
    const { clock, visitors } = this.#world;
    return [...this.#refreshes.values()].filter(
      ({ access, until }) => visitors.tokens.has(access) && clock.now() < until,
    ).length;
  }

  /** What is wrong with a request to authorise, as GitHub's page says it. */
  flaw(query: Record<string, string>): string | undefined {
    const { client_id, redirect_uri, state, code_challenge, code_challenge_method } = query;
    if (client_id !== clientId(this.#world.app)) return "404";
    if (redirect_uri !== undefined && !this.#world.visitors.callbackUrls.includes(redirect_uri))
      return "The redirect_uri is not associated with this application.";
    if (!state) return "state is missing";
    if (!/^[\w-]{43}$/.test(code_challenge ?? "") || code_challenge_method !== "S256")
      return "code_challenge is missing or not S256";
    return undefined;
  }

  /** A person agrees. Returns where their browser goes with the code. */
  agree(account: Account, query: Record<string, string>): string {
    const code = randomBytes(10).toString("hex");
    const redirectUri = query["redirect_uri"] ?? this.#world.visitors.callbackUrls[0] ?? "";
    const until = this.#world.clock.now() + codeMs;
    this.#codes.set(code, { account, redirectUri, challenge: query["code_challenge"] ?? "", until });
    const back = new URL(redirectUri);
    back.searchParams.set("code", code);
    back.searchParams.set("state", query["state"] ?? "");
    return back.href;
  }

  /** The answer of the token endpoint: troubles are told with status 200. */
  exchange(form: Record<string, string>): Record<string, unknown> {
    if (
      form["client_id"] !== clientId(this.#world.app) ||
      form["client_secret"] !== clientSecret(this.#world.app)
    )
      return refusal(
        "incorrect_client_credentials",
        "The client_id and/or client_secret passed are incorrect.",
      );
    if (form["grant_type"] === "refresh_token") return this.#refresh(form["refresh_token"] ?? "");
    const code = form["code"] ?? "";
    const wish = this.#codes.get(code);
    this.#codes.delete(code);
    if (!wish || wish.until < this.#world.clock.now())
      return refusal("bad_verification_code", "The code passed is incorrect or expired.");
    if (form["redirect_uri"] !== undefined && form["redirect_uri"] !== wish.redirectUri)
      return refusal("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL.");
    const digest = createHash("sha256")
      .update(form["code_verifier"] ?? "")
      .digest("base64url");
    if (digest !== wish.challenge)
      return refusal("bad_verification_code", "The code_verifier does not match the code_challenge.");
    return this.#issue(wish.account);
  }

  #refresh(secret: string): Record<string, unknown> {
    const known = this.#refreshes.get(sha256(secret));
    this.#refreshes.delete(sha256(secret));
    if (!known || known.until < this.#world.clock.now() || !this.#world.visitors.tokens.has(known.access))
      return refusal("bad_refresh_token", "The refresh token passed is incorrect or expired.");
    this.#world.visitors.tokens.delete(known.access);
    return this.#issue(known.account);
  }

  #issue(account: Account): Record<string, unknown> {
    const now = this.#world.clock.now();
    const access = `ghu_${randomBytes(18).toString("hex")}`;
    const expires = this.lifeSeconds > 0;
    const expiresAt = expires ? now + this.lifeSeconds * 1_000 : Number.POSITIVE_INFINITY;
    this.#world.visitors.tokens.set(sha256(access), { account, expiresAt });
    const answer = { access_token: access, scope: "", token_type: "bearer" };
    if (!expires) return answer;
    const refresh = `ghr_${randomBytes(38).toString("hex")}`;
    const until = now + refreshSeconds * 1_000;
    this.#refreshes.set(sha256(refresh), { account, access: sha256(access), until });
    return {
      ...answer,
      expires_in: this.lifeSeconds,
      refresh_token: refresh,
      refresh_token_expires_in: refreshSeconds,
    };
  }
}

function refusal(error: string, error_description: string): Record<string, unknown> {
  return { error, error_description, error_uri: "https://docs.github.com/apps" };
}

const cookie = "user_session";

/** The pages and the token endpoint. A browser is signed in at GitHub by the page `/login`. */
export function signInPages(around: Gate, signIns: SignIns): Hono<Env> {
  const app = new Hono<Env>();
  const { world } = around;
  const about = (route: string) => ({ route, createsContent: false });
  const page = async (status: number, body: ReturnType<typeof html>): Promise<{ reply: Reply }> => {
    const text = String(
      await html`<!doctype html><html lang="en"><title>GitHub</title><main>${body}</main></html>`,
    );
    return { reply: { status, raw: { type: "text/html; charset=utf-8", bytes: Buffer.from(text) } } };
  };
  const away = (location: string) => ({ reply: { status: 302, headers: { location } } });
  app.get("/login", (context) => {
    const login = context.req.query("login") ?? "";
    const to = context.req.query("return_to") ?? "";
    if (accountOf(world, login)?.type !== "User" || !to.startsWith("/login/oauth/"))
      return context.html(
        html`<!doctype html><html lang="en"><title>GitHub</title><h1>Sign in to GitHub</h1><form><input type="hidden" name="return_to" value="${to}">
<label>Username <input name="login" autofocus></label><button>Sign in</button></form></html>`,
      );
    setCookie(context, cookie, login, { httpOnly: true, sameSite: "Lax", path: "/" });
    return context.redirect(to);
  });
  app.get("/login/oauth/authorize", (context) =>
    exchange(around, context, about("authorize page"), async () => {
      const query = context.req.query();
      const flaw = signIns.flaw(query);
      if (flaw !== undefined) return page(flaw === "404" ? 404 : 400, html`<p>${flaw}</p>`);
      const account = accountOf(world, getCookie(context, cookie) ?? "");
      const here = `/login/oauth/authorize?${new URLSearchParams(query)}`;
      if (!account) return away(`/login?${new URLSearchParams({ return_to: here })}`);
      return page(
        200,
        html`<h1>Authorize ${world.app.slug}</h1><p>Signed in as ${account.login}</p>
<form method="post" action="${here}"><button>Authorize ${world.app.slug}</button></form>
<a href="${denied(query)}">Cancel</a>`,
      );
    }),
  );
  app.post("/login/oauth/authorize", (context) =>
    exchange(around, context, about("authorize page"), async () => {
      const query = context.req.query();
      const account = accountOf(world, getCookie(context, cookie) ?? "");
      if (!account || signIns.flaw(query) !== undefined) return page(400, html`<p>Not authorised</p>`);
      return away(signIns.agree(account, query));
    }),
  );
  app.post("/login/oauth/access_token", (context) =>
    exchange(around, context, about("access token"), async () => token(context, signIns)),
  );
  return app;
}

function denied({ redirect_uri = "", state = "" }: Record<string, string>): string {
  const query = {
    error: "access_denied",
    error_description: "The user has denied your application access.",
    state,
  };
  return `${redirect_uri}?${new URLSearchParams(query)}`;
}

async function token(context: HonoContext, signIns: SignIns): Promise<{ reply: Reply }> {
  const form = (await context.req.parseBody()) as Record<string, string>;
  const answer = signIns.exchange(form);
  // Who does not ask for JSON gets a form; it is sent raw, so that no token stands in the log.
  const isJson = (context.req.header("accept") ?? "").includes("application/json");
  const text = isJson
    ? JSON.stringify(answer)
    : Object.entries(answer)
        .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
        .join("&");
  const type = isJson ? "application/json; charset=utf-8" : "application/x-www-form-urlencoded";
  return { reply: { status: 200, raw: { type, bytes: Buffer.from(text) } } };
}
