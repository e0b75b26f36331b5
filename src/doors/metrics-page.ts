/**
 * Who may read the metrics: whoever sits on this machine, and whoever has the token. To everybody else the
 * page does not exist.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../domain/secret.ts";
import { isNear, type Visitor } from "./visitor.ts";

/** May this visitor read the metrics? `token` is METRICS_TOKEN, where one is set. */
export function mayRead(visitor: Visitor, token: Secret | undefined): boolean {
  return isNear(visitor) || (token !== undefined && isToken(visitor.headers["authorization"] ?? "", token));
}

/** Digests have one length, so the comparison tells nothing about the token's. */
function isToken(authorization: string, token: Secret): boolean {
  const [, given = ""] = /^Bearer +(.+)$/i.exec(authorization) ?? [];
  return timingSafeEqual(digest(given), digest(token.reveal()));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
