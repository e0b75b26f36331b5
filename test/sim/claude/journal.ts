/**
 * The record of every request, for assertions: what was asked, when and how it was answered.
 * Secrets are kept only as SHA-256, so a journal may be printed.
 */
import { createHash } from "node:crypto";

/** One request to the simulated API. */
export interface LoggedRequest {
  /** The platform's `request-id`. */
  id: string;
  /** Milliseconds since the epoch, by the simulator's clock. */
  at: number;
  method: string;
  path: string;
  /** The path with its parameters named: `/v1/sessions/:id/events`. */
  route: string;
  /** `create` is whatever the platform counts against the stricter limit: every POST. */
  kind: "create" | "other" | "stream";
  /** 0 while in flight and for connections that were reset. */
  status: number;
  /** The JSON body with each secret replaced by `sha256:HEX`; absent for other bodies. */
  requestBody?: unknown;
  /** How often the SDK had retried before this request. */
  retryCount: number;
}

const secretKeys = new Set([
  "authorization_token",
  "token",
  "access_token",
  "refresh_token",
  "secret_value",
  "client_secret",
]);

/** Hex SHA-256 of a secret, the only form in which a journal or ledger holds one. */
export const sha256 = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** The body for the journal; undefined when it is not JSON. */
export function journalBody(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) =>
      typeof value === "string" && secretKeys.has(key) ? `sha256:${sha256(value)}` : value,
    );
  } catch {
    return undefined;
  }
}
