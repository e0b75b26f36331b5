/**
 * GitHub's statuses, translated into the four kinds of trouble. Nobody else reads a status of GitHub's.
 * Facts from GitHub's REST documentation (rate limits, best practices) and its error texts.
 */
import { RequestError } from "@octokit/request-error";
import { isProblem, Problem } from "../domain/errors.ts";
import { redact } from "../domain/secret.ts";

/** What is known about a failed call besides the error. */
export interface FailedCall {
  /** Milliseconds since the epoch, our clock. */
  now: number;
  /** Age of the installation token it was made with; absent for calls as the App. */
  tokenAgeMs?: number;
}

/** A fresh token may be unknown (401) or without its permissions (403) until GitHub's replicas have it. */
const replicationMsMax = 60_000;
/** GitHub asks for at least a minute where it names no time. */
const secondaryPauseMs = 60_000;
const detailCharactersMax = 300;

/** The problem behind an error of Octokit's; other errors are network trouble. */
export function asProblem(error: unknown, call: FailedCall): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof RequestError) || !error.response) {
    return new Problem("later", "github_unreachable", "GitHub could not be reached.", { cause: error });
  }
  const status = error.status;
  const said = redact(error.message).slice(0, detailCharactersMax);
  const wait = limitedFor(error, call.now);
  if (wait !== undefined) {
    return new Problem("later", "github_limited", "GitHub asks us to slow down.", {
      retryAfterMs: wait,
      undone: true,
      cause: error,
    });
  }
  const fresh = call.tokenAgeMs !== undefined && call.tokenAgeMs < replicationMsMax;
  if ((status === 401 || status === 403) && fresh && !/suspended/i.test(error.message)) {
    return new Problem("later", "github_token_not_ready", "GitHub does not know the new token yet.", {
      undone: true,
      cause: error,
    });
  }
  if (status >= 500) {
    const named = error.response.headers["retry-after"];
    return new Problem("later", "github_unwell", `GitHub answered ${status}.`, {
      ...(named === undefined ? {} : { retryAfterMs: spanOf(String(named), call.now) }),
      cause: error,
    });
  }
  if (isRefusalCut(error)) return brokenOff(error);
  if (status === 401) {
    return new Problem("refused", "github_credentials", "GitHub does not accept the App's credentials.", {
      cause: error,
    });
  }
  if (status === 403) return forbidden(error, said);
  if (status === 404 || status === 410) {
    return new Problem("gone", "github_gone", `GitHub has no such thing (any more): ${said}`, {
      cause: error,
    });
  }
  const code = status === 422 ? "github_unprocessable" : `github_${status}`;
  return new Problem("fault", code, `GitHub refused the request: ${said}`, { cause: error });
}

/** One error of an answer of GitHub's GraphQL, which comes with status 200. */
interface GraphqlError {
  type?: string;
  path?: (string | number)[];
  extensions?: { code?: string };
}

/** The errors of a GraphQL answer, of what was thrown; undefined where it is anything else. */
export function graphqlErrors(thrown: unknown): GraphqlError[] | undefined {
  if (isProblem(thrown) || !(thrown instanceof Error) || !("errors" in thrown)) return undefined;
  return Array.isArray(thrown.errors) ? thrown.errors : [];
}

/** Is what was asked for not there, not ours to see, or unknown to this (older) server? */
export function isOutOfReach({ type, extensions }: GraphqlError): boolean {
  return type === "NOT_FOUND" || type === "FORBIDDEN" || extensions?.code === "undefinedField";
}

/** The problem behind errors of a GraphQL answer about a repository, by the first of them. */
export function graphqlProblem([first]: GraphqlError[], cause: unknown): Problem {
  switch (first?.type) {
    case "NOT_FOUND":
      return new Problem("gone", "github_gone", "GitHub has no such repository (any more).", { cause });
    case "FORBIDDEN":
      return new Problem(
        "refused",
        "github_forbidden",
        "The App may not read the repository's contents; an owner can accept its permissions in the installation's settings.",
        { cause },
      );
    case "RATE_LIMITED":
      return new Problem("later", "github_limited", "GitHub asks us to slow down.", {
        cause,
        retryAfterMs: secondaryPauseMs,
      });
    default:
      return new Problem("later", "github_unwell", "GitHub could not answer.", { cause });
  }
}

/** The problem behind what a GraphQL question about a repository threw; what came otherwise as it came. */
export function graphqlFailure(thrown: unknown): unknown {
  const errors = graphqlErrors(thrown);
  return errors ? graphqlProblem(errors, thrown) : thrown;
}

/** An answer as Octokit hands it out. */
interface Answer {
  headers: { "content-type"?: string | undefined; "content-length"?: string | number | undefined };
  data: unknown;
}

/** Throws `later` where an answer broke off. */
export function throwIfBroken(answer: Answer): void {
  if (isBroken(answer)) throw brokenOff();
}

/** What Octokit could not read to its end, or not as JSON, it hands out as a text, and GitHub never answers with one. */
function isBroken({ headers, data }: Answer): boolean {
  return typeof data === "string" && /^application\/json\b/.test(headers["content-type"] ?? "");
}

/** A no whose words were lost may be that it is done already, so it is no answer yet. */
function isRefusalCut({ response, request }: RequestError): boolean {
  if (!response || request.method === "HEAD" || Number(response.headers["content-length"]) === 0)
    return false;
  return isBroken(response);
}

function brokenOff(cause?: RequestError): Problem {
  const words = "GitHub's answer broke off.";
  return new Problem("later", "github_unreachable", words, cause === undefined ? {} : { cause });
}

function forbidden(error: RequestError, said: string): Problem {
  if (/suspended/i.test(error.message)) {
    return new Problem(
      "refused",
      "github_suspended",
      "The App's installation is suspended. An owner can unsuspend it in the installation's settings.",
      { cause: error },
    );
  }
  const needed = error.response?.headers["x-accepted-github-permissions"];
  const remedy = needed
    ? `The App needs ${needed}; an owner can accept new permissions in the installation's settings.`
    : said;
  return new Problem("refused", "github_forbidden", `GitHub does not allow this. ${remedy}`, {
    cause: error,
  });
}

function limitedFor(error: RequestError, now: number): number | undefined {
  if (error.status !== 403 && error.status !== 429) return undefined;
  const headers = error.response?.headers ?? {};
  const after = headers["retry-after"];
  if (after !== undefined) return spanOf(String(after), now);
  if (headers["x-ratelimit-remaining"] === "0") {
    return Math.max(Number(headers["x-ratelimit-reset"] ?? 0) * 1000 - now, 1_000);
  }
  return error.status === 429 || /secondary rate limit|abuse/i.test(error.message)
    ? secondaryPauseMs
    : undefined;
}

/** A `retry-after`, in seconds or as a date, as milliseconds from now. */
function spanOf(after: string, now: number): number {
  const seconds = Number(after);
  const span = Number.isNaN(seconds) ? Date.parse(after) - now : seconds * 1000;
  return Number.isNaN(span) ? secondaryPauseMs : Math.max(span, 1_000);
}
