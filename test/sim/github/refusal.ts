/**
 * The ways GitHub says no, with the bodies and headers it sends. Thrown by routes and turned into a
 * response in one place. Knows no route and no state.
 */
import type { Json } from "./world.ts";

const docs = "https://docs.github.com/rest";

/** A response other than the one asked for. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Json;
  /** Plain text sent instead of the JSON body. */
  readonly text: string | undefined;

  constructor(
    status: number,
    message: string,
    more: { headers?: Record<string, string>; body?: Json; text?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.text = more.text;
    this.headers = more.headers ?? {};
    this.body = { message, ...more.body, documentation_url: docs, status: String(status) };
  }
}

/** 404, for what is not there and for what the caller may not know is there. */
export function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}

/** 410, for an issue that was deleted. */
export function gone(): Refusal {
  return new Refusal(410, "This issue was deleted");
}

/** 401, for a token that is unknown, expired or revoked. */
export function badCredentials(): Refusal {
  return new Refusal(401, "Bad credentials");
}

/** 403, for a token without the permission; `accepted` names what would have sufficed: `issues=write`. */
export function notAccessible(accepted: string): Refusal {
  const headers = { "x-accepted-github-permissions": accepted };
  return new Refusal(403, "Resource not accessible by integration", { headers });
}

/** One thing wrong with a request. `message` goes with the code `custom`. */
export interface Flaw {
  resource: string;
  field?: string;
  code: "missing" | "missing_field" | "invalid" | "already_exists" | "unprocessable" | "custom";
  message?: string;
}

/** 422 with GitHub's list of flaws. */
export function invalid(...flaws: Flaw[]): Refusal {
  return new Refusal(422, "Validation Failed", { body: { errors: flaws } });
}

/** 422 with a sentence only. */
export function unprocessable(message: string): Refusal {
  return new Refusal(422, message);
}

/** 301 for reads and 307 for writes, to where a renamed repository is now. */
export function moved(method: string, location: string): Refusal {
  const status = method === "GET" || method === "HEAD" ? 301 : 307;
  const message = status === 301 ? "Moved Permanently" : "Temporary Redirect";
  return new Refusal(status, message, { headers: { location }, body: { url: location } });
}
