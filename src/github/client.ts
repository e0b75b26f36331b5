/**
 * Octokit for the App and for one installation: the one place where requests to GitHub leave the house.
 * No blind retries, timeouts from the dispatcher, failures as problems, each installation's calls at the pace
 * GitHub allows (`pace.ts`), and after a *slow down* none until the time it named. It knows nothing of runs.
 */
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import githubAppJwt from "universal-github-app-jwt";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { Problem } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/database.ts";
import type { Traces } from "../traces.ts";
import { asProblem, throwIfBroken } from "./failure.ts";
import { installationPace, type Pace, plainPace, type Urgency } from "./pace.ts";
import { type MintedToken, mintToken, revokeToken, type TokenScope } from "./token.ts";
import { routeOf, statusOf, traceCalls } from "./traced.ts";

/** What the client is built from. `fetch` must be the dispatcher's own (undici's), never Node's global one. */
export interface GitHubOptions {
  config: Pick<Config, "app" | "github">;
  clock: Clock;
  fetch: typeof fetch;
  log: Logger;
  metrics: Pick<Metrics, "called" | "limitNoted">;
  traces: Pick<Traces, "call">;
  /** Where calls are counted together with other replicas; left out, this process counts alone. */
  store?: Store | undefined;
}

/** The App's own identity at GitHub. */
export interface Self {
  appId: number;
  slug: string;
  /** `slug[bot]`: brackets are illegal in people's logins, so nobody else can have it. */
  login: string;
  /** Numeric id of that account; part of its commit address. */
  botId: number;
}

/** GitHub as the rest of the house sees it. */
export interface GitHub {
  /** Calls as the App, by JWT. */
  app: Octokit;
  /** Calls without credentials of its own: what everybody may ask, or what carries its own token. */
  bare: Octokit;
  /** Calls as an installation, with a token that never leaves this process. */
  of(installation: number): Octokit;
  /** The same, its calls as an installation less urgent than what is needed. */
  at(urgency: Urgency): GitHub;
  /** Who we are; asked once, through any installation. */
  self(installation: number): Promise<Self>;
  /** Mints a token for others than this process. */
  mint(scope: TokenScope): Promise<MintedToken>;
  /** Gives a token of an installation back; a dead one counts as given back. */
  revoke(token: Secret, installation: number): Promise<void>;
  webUrl: string;
  /** Gives the process's own tokens back. Never throws. */
  close(): Promise<void>;
}

/** Remaining life below which the process's own token is replaced. */
const ownTokenMarginMs = 5 * 60_000;
/** A JWT lives ten minutes at most; one serves for half of that. */
const jwtReuseMs = 5 * 60_000;
/**
 * A change that did not leave within this time of being asked for is not sent: this process may have stood still
 * meanwhile, and another may have made it.
 */
const departureMsMax = 1_000;

/** GitHub by Octokit. */
export function createGitHub(options: GitHubOptions): GitHub {
  const { config, clock } = options;
  const app = new Octokit({
    ...common(options),
    authStrategy: createAppAuth,
    auth: { appId: config.app.id, createJwt: jwtSigner(config.app, clock) },
  });
  guard(app, options, { pace: plainPace("app", options) });
  const bare = new Octokit(common(options));
  guard(bare, options, { pace: plainPace("anybody", options), isAnybodys: true });
  const installations = new Map<number, Line>();
  const line = (installation: number): Line => {
    const known = installations.get(installation);
    if (known) return known;
    const token = new OwnToken(() => mintToken(app, { installation }, clock), clock);
    // One pace: GitHub counts what is asked with any token of an installation together.
    const pace = installationPace(installation, options);
    const at = (urgency: Urgency) => {
      const octokit = new Octokit(common(options));
      guard(octokit, options, { installation, token, pace, urgency });
      return octokit;
    };
    const made = { token, at: { needed: at("needed"), early: at("early"), backlog: at("backlog") } };
    const bare = new Octokit(common(options));
    guard(bare, options, { installation, pace });
    installations.set(installation, { ...made, bare });
    return { ...made, bare };
  };
  const of = (installation: number) => line(installation).at.needed;
  let self: Promise<Self> | undefined;
  const github: GitHub = {
    app,
    bare,
    of,
    mint: (scope) => mintToken(app, scope, clock),
    revoke: (token, installation) => revokeToken(line(installation).bare, token),
    webUrl: config.github.webUrl,
    self: (installation) => {
      self ??= whoAmI(app, of(installation)).catch((error) => {
        self = undefined;
        throw error;
      });
      return self;
    },
    close: async () => {
      const held = [...installations.values()].flatMap(({ bare, token }) =>
        token.take().map((own) => ({ bare, own })),
      );
      await Promise.allSettled(held.map(({ bare, own }) => revokeToken(bare, own)));
    },
    at: (urgency) => ({ ...github, of: (installation) => line(installation).at[urgency] }),
  };
  return github;
}

/** The way to one installation: with our token, and with whichever token a call brings. */
interface Line {
  at: Record<Urgency, Octokit>;
  bare: Octokit;
  token: OwnToken;
}

function common({ config, fetch, log }: GitHubOptions) {
  const silent = () => {};
  return {
    baseUrl: config.github.apiUrl,
    userAgent: "patchwright",
    request: { fetch },
    log: { debug: silent, info: silent, warn: (words: string) => log.warn(words), error: silent },
  };
}

/** Signs the App's JWT with our clock (auth-app would read the system's) and serves it again for a while. */
function jwtSigner(app: Config["app"], clock: Clock) {
  let last: { jwt: string; expiresAt: string; until: number; skew: number } | undefined;
  return async (_appId: number | string, skewSeconds = 0) => {
    if (last && last.until > clock.now() && last.skew === skewSeconds) return last;
    const now = Math.floor(clock.now() / 1000) + skewSeconds;
    const { token, expiration } = await githubAppJwt({
      id: app.id,
      privateKey: app.privateKey.reveal(),
      now,
    });
    const expiresAt = new Date(expiration * 1000).toISOString();
    last = { jwt: token, expiresAt, until: clock.now() + jwtReuseMs, skew: skewSeconds };
    return last;
  };
}

/** The process's own token of one installation: minted when needed, shared by its calls, never handed out. */
class OwnToken {
  readonly #mint: () => Promise<MintedToken>;
  readonly #clock: Clock;
  #held: MintedToken | undefined;
  /** The one before, which a call that began with it may still be using. */
  #last: MintedToken | undefined;
  #minting: Promise<MintedToken> | undefined;

  constructor(mint: () => Promise<MintedToken>, clock: Clock) {
    this.#mint = mint;
    this.#clock = clock;
  }

  async get(): Promise<MintedToken> {
    const life = this.#held ? this.#held.expiresAt - this.#held.mintedAt : 0;
    const margin = Math.min(ownTokenMarginMs, life / 4);
    if (this.#held && this.#held.expiresAt - this.#clock.now() > margin) return this.#held;
    this.#minting ??= this.#mint().finally(() => {
      this.#minting = undefined;
    });
    const next = await this.#minting;
    if (this.#held !== next) this.#last = this.#held;
    this.#held = next;
    return next;
  }

  /** Forgets a token GitHub no longer accepts, unless it has been replaced meanwhile. */
  drop(token: MintedToken): void {
    if (this.#held === token) this.#held = undefined;
  }

  /** Gives away what may still be alive, and holds nothing afterwards. */
  take(): Secret[] {
    const tokens = [this.#held, this.#last].flatMap((one) => (one ? [one.token] : []));
    this.#held = undefined;
    this.#last = undefined;
    return tokens;
  }
}

/** How calls of one Octokit leave. */
interface Way {
  installation?: number;
  token?: OwnToken;
  pace: Pace;
  urgency?: Urgency;
  /** Calls without credentials: the limit they draw on is that of everybody at this address, not the App's. */
  isAnybodys?: true;
}

function guard(
  octokit: Octokit,
  { clock, log, metrics, traces }: GitHubOptions,
  { installation, token, pace, urgency = "needed", isAnybodys }: Way,
): void {
  traceCalls(octokit, traces);
  octokit.hook.wrap("request", async (request, options) => {
    options.headers["x-github-api-version"] = "2022-11-28";
    const began = clock.now();
    const departure = { method: options.method, route: options.url, urgency };
    await pace.admit(departure);
    const line = { installation_id: installation, method: options.method, route: options.url };
    const call = { to: "github", method: options.method, route: routeOf(options.url) };
    const attempt = async (again: boolean): Promise<Awaited<ReturnType<typeof request>>> => {
      const held = await token?.get();
      if (options.method !== "GET" && clock.now() - began > departureMsMax) {
        pace.unused(departure);
        throw lateDeparture();
      }
      if (held) options.headers.authorization = `token ${held.token.reveal()}`;
      try {
        const response = await request(options);
        throwIfBroken(response);
        return response;
      } catch (error) {
        if (held && again && error instanceof Error && "status" in error && error.status === 401) {
          // Revoked or expired early. Nothing was done under a 401, so one more attempt is safe.
          token?.drop(held);
          return attempt(false);
        }
        throw asProblem(error, {
          now: clock.now(),
          ...(held ? { tokenAgeMs: clock.now() - held.mintedAt } : {}),
        });
      }
    };
    try {
      const response = await attempt(true);
      log.info({ ...line, status: response.status, ms: clock.now() - began }, "github call");
      metrics.called(call, response.status);
      if (!isAnybodys) noteLimit(metrics, installation, response.headers);
      pace.note(response.headers);
      return response;
    } catch (error) {
      if (error instanceof Problem && error.retryAfterMs !== undefined) {
        await pace.close(clock.now() + error.retryAfterMs).catch(() => undefined);
      }
      log.info(
        { ...line, failed: error instanceof Problem ? error.code : "unknown", ms: clock.now() - began },
        "github call",
      );
      metrics.called(call, statusOf(error));
      throw error;
    }
  });
}

function lateDeparture(): Problem {
  return new Problem("later", "github_call_late", "A change came too late to be sent to GitHub.", {
    undone: true,
  });
}

function noteLimit(
  { limitNoted }: Pick<Metrics, "limitNoted">,
  installation: number | undefined,
  headers: Record<string, string | number | undefined>,
): void {
  const [left, reset] = [headers["x-ratelimit-remaining"], headers["x-ratelimit-reset"]];
  if (left === undefined || reset === undefined) return;
  const resource = String(headers["x-ratelimit-resource"] ?? "core");
  const renewedAt = Number(reset) * 1_000;
  limitNoted({ installation: installation ?? "app", resource, left: Number(left), renewedAt });
}

async function whoAmI(app: Octokit, reader: Octokit): Promise<Self> {
  const { data } = await app.rest.apps.getAuthenticated();
  if (!data?.slug) throw new Problem("fault", "github_app_unknown", "GitHub did not say who the App is.");
  const login = `${data.slug}[bot]`;
  const bot = await reader.rest.users.getByUsername({ username: login });
  return { appId: data.id, slug: data.slug, login, botId: bot.data.id };
}
