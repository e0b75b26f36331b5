/**
 * Who may read the metrics: whoever sits on this machine, and whoever has the token. To everybody else the
 * page does not exist. Behind a public address not all that comes from this machine sits there: a proxy that adds no
 * header of its own shows itself by a name that is not the machine's, or by the HTTP/1.0 that proxies alone still speak.
 * One that does neither cannot be told from a neighbour; the manual and the doctor say so.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../domain/secret.ts";
import { isLocalName, isNear, type Visitor } from "./visitor.ts";

/** May this visitor read the metrics? `token` is METRICS_TOKEN and `publicUrl` PUBLIC_URL, where they are set. */
export function mayRead(visitor: Visitor, token: Secret | undefined, publicUrl?: string): boolean {
  if (isNear(visitor) && !(isPublic(publicUrl) && isProxied(visitor))) return true;
  return token !== undefined && isToken(visitor.headers["authorization"] ?? "", token);
}

/** Is this the address of a service that others reach? One on this machine alone needs no proxy. */
export function isPublic(publicUrl: string | undefined): publicUrl is string {
  return publicUrl !== undefined && !isLocalName(new URL(publicUrl).host);
}

function isProxied({ headers, version }: Visitor): boolean {
  return version === "1.0" || !isLocalName(headers["host"] ?? "");
}

/** Digests have one length, so the comparison tells nothing about the token's. */
function isToken(authorization: string, token: Secret): boolean {
  const [, given = ""] = /^Bearer +(.+)$/i.exec(authorization) ?? [];
  return timingSafeEqual(digest(given), digest(token.reveal()));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
