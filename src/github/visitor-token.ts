/**
 * The App's OAuth: how a person's browser is sent to GitHub and what comes back becomes tokens that act for the
 * person; how those are replaced and given back. It knows no cookies and keeps nothing.
 */
import { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Config, GitHubHost } from "../config.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { asProblem } from "./failure.ts";

/** A person's tokens. Times are milliseconds since the epoch; without them nothing expires. */
export interface VisitorTokens {
  access: Secret;
  accessUntil?: number;
  refresh?: Secret;
  refreshUntil?: number;
}

/** The way there, and the ways on from there. */
export interface OAuth {
  /** Where the browser goes. `challenge`: SHA-256 of the verifier in base64url. */
  authorizeUrl(way: { state: string; challenge: string; redirectUri?: string }): string;
  /** Tokens for a code. `refused` `github_sign_in` when GitHub does not take it. */
  exchange(way: { code: string; verifier: string; redirectUri?: string }): Promise<VisitorTokens>;
  /**
   * The next tokens; the ones before are dead. `refused`: `github_refresh_dead` when GitHub says that the refresh token
   * leads no further, `github_sign_in` when it does not take it for another reason. `later`: it may be alive.
   */
  refresh(token: Secret): Promise<VisitorTokens>;
  /** Gives a token back, with the refresh token that came by it. False: GitHub does not know it (any more). */
  revoke(token: Secret): Promise<boolean>;
  /** Calls as the person. */
  as(token: Secret): Octokit;
}

/** Exchanges of codes at one time in a process: strangers set them off. Who asks for them sees to it. */
export const exchangesAtOnceMax = 5;

/** What it is built from. Each `fetch` must be the dispatcher's own. */
export interface OAuthOptions {
  github: GitHubHost;
  oauth: NonNullable<Config["server"]["oauth"]>;
  fetch: typeof fetch;
  /** For exchanges of codes, over connections that nothing else waits for. */
  exchangeFetch: typeof fetch;
  clock: Clock;
}

const issued = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive().optional(),
  refresh_token: z.string().min(1).optional(),
  refresh_token_expires_in: z.number().positive().optional(),
});
const refusedAnswer = z.object({ error: z.string().regex(/^[a-z_]{1,60}$/) });
/** What GitHub says of a refresh token that was used or has expired (*Refreshing user access tokens*). */
const deadRefresh = "bad_refresh_token";

/** GitHub's OAuth for this App. */
export function createOAuth(options: OAuthOptions): OAuth {
  const { github, oauth, clock } = options;
  const { clientId } = oauth;
  const credentials = () => ({ client_id: clientId, client_secret: oauth.clientSecret.reveal() });
  const octokit = () => silentOctokit(options);
  return {
    authorizeUrl: ({ state, challenge, redirectUri }) => {
      const url = new URL(`${github.webUrl}/login/oauth/authorize`);
      url.search = new URLSearchParams({
        client_id: clientId,
        ...(redirectUri === undefined ? {} : { redirect_uri: redirectUri }),
        state,
        code_challenge: challenge,
        code_challenge_method: "S256",
      }).toString();
      return url.href;
    },
    exchange: ({ code, verifier, redirectUri }) =>
      askForTokens(
        { ...options, fetch: options.exchangeFetch },
        {
          ...credentials(),
          code,
          code_verifier: verifier,
          ...(redirectUri === undefined ? {} : { redirect_uri: redirectUri }),
        },
      ),
    refresh: (token) =>
      askForTokens(options, {
        ...credentials(),
        grant_type: "refresh_token",
        refresh_token: token.reveal(),
      }),
    revoke: async (token) => {
      const basic = Buffer.from(`${clientId}:${oauth.clientSecret.reveal()}`).toString("base64");
      try {
        await octokit().rest.apps.deleteToken({
          client_id: clientId,
          access_token: token.reveal(),
          headers: { authorization: `basic ${basic}` },
        });
        return true;
      } catch (error) {
        const problem = asProblem(error, { now: clock.now() });
        if (problem.kind !== "gone" && problem.code !== "github_unprocessable") throw problem;
        return false;
      }
    },
    as: (token) => {
      const own = octokit();
      own.hook.wrap("request", async (request, call) => {
        call.headers.authorization = `token ${token.reveal()}`;
        call.headers["x-github-api-version"] = "2022-11-28";
        try {
          return await request(call);
        } catch (error) {
          throw asProblem(error, { now: clock.now() });
        }
      });
      return own;
    },
  };
}

/** Octokit's own log would print codes and addresses. */
function silentOctokit({ github, fetch }: OAuthOptions): Octokit {
  const silent = () => {};
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  return new Octokit({ baseUrl: github.apiUrl, userAgent: "patchwright", request: { fetch }, log });
}

async function askForTokens(
  { github, fetch, clock }: OAuthOptions,
  fields: Record<string, string>,
): Promise<VisitorTokens> {
  const now = clock.now();
  try {
    const response = await fetch(`${github.webUrl}/login/oauth/access_token`, {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": "patchwright",
      },
      body: new URLSearchParams(fields).toString(),
    });
    return tokensOf({ status: response.status, answer: await response.json() }, now);
  } catch (cause) {
    if (isProblem(cause)) throw cause;
    throw new Problem("later", "github_unreachable", "GitHub could not be reached.", {
      cause: nameOf(cause),
    });
  }
}

/** GitHub tells troubles of the sign-in by a word, mostly with status 200; without that word nothing is decided. */
function tokensOf({ status, answer }: { status: number; answer: unknown }, now: number): VisitorTokens {
  if (status >= 500 || status === 429)
    throw new Problem("later", "github_unwell", `GitHub answered ${status}.`);
  const read = issued.safeParse(answer);
  if (read.success) {
    const { access_token, expires_in, refresh_token, refresh_token_expires_in } = read.data;
    const until = (seconds: number) => now + seconds * 1_000;
    return {
      access: new Secret(access_token),
      ...(expires_in === undefined ? {} : { accessUntil: until(expires_in) }),
      ...(refresh_token === undefined ? {} : { refresh: new Secret(refresh_token) }),
      ...(refresh_token_expires_in === undefined ? {} : { refreshUntil: until(refresh_token_expires_in) }),
    };
  }
  const said = refusedAnswer.safeParse(answer);
  if (!said.success && status < 400)
    throw new Problem("later", "github_unwell", "GitHub's answer to a sign-in could not be read.");
  const why = said.success ? said.data.error : `status ${status}`;
  const code = why === deadRefresh ? "github_refresh_dead" : "github_sign_in";
  throw new Problem("refused", code, `GitHub did not sign you in (${why}). Try again.`);
}

/** What is known of a network trouble without what hangs on it. */
function nameOf(cause: unknown): Error {
  return new Error(isProblem(cause) ? cause.code : cause instanceof Error ? cause.name : "unknown");
}
