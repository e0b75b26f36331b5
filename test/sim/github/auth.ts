/**
 * Who is calling: App JWTs really verified, installation tokens minted and recognised.
 * Knows claims, expiry and hashes; what a caller may do is decided in `access.ts`.
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { clientId, clientSecret } from "./payload-account.ts";
import { badCredentials, Refusal } from "./refusal.ts";
import type { Account, Installation, Permissions, Token, World } from "./world.ts";

/** The caller of a request, once its credentials have been checked. */
export type Caller =
  | { kind: "anonymous" }
  | { kind: "app" }
  /** A person who has signed in by the App. */
  | { kind: "user"; account: Account }
  /** The App by its OAuth credentials. */
  | { kind: "client" }
  | { kind: "installation"; token: Token; installation: Installation };

let key: string | undefined;

/** An RSA private key in PEM, made once per process because that takes a tenth of a second. */
export function privateKey(): string {
  key ??= generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs1", format: "pem" })
    .toString();
  return key;
}

/** SHA-256 in hex: how logs and assertions name a token. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Who sent this `Authorization` header; refuses with GitHub's 401s. */
export function callerOf(world: World, header: string | undefined): Caller {
  if (header === undefined || header === "") return { kind: "anonymous" };
  const [scheme = "", credential = "", ...rest] = header.trim().split(/ +/);
  if (rest.length > 0 || credential === "") throw badCredentials();
  const client = Buffer.from(`${clientId(world.app)}:${clientSecret(world.app)}`).toString("base64");
  if (scheme.toLowerCase() === "basic" && credential === client) return { kind: "client" };
  if (credential.startsWith("ghu_")) return callerOfUser(world, credential);
  if (scheme.toLowerCase() === "basic") return callerOfToken(world, passwordOf(credential));
  if (!["bearer", "token"].includes(scheme.toLowerCase())) throw badCredentials();
  if (/^[^.]+\.[^.]+\.[^.]+$/.test(credential) && !credential.startsWith("ghs_")) {
    verifyJwt(world, credential);
    return { kind: "app" };
  }
  return callerOfToken(world, credential);
}

function callerOfUser(world: World, secret: string): Caller {
  const token = world.visitors.tokens.get(sha256(secret));
  if (!token || world.clock.now() >= token.expiresAt) throw badCredentials();
  return { kind: "user", account: token.account };
}

/** The password of Basic credentials. */
export function passwordOf(credential: string): string {
  const [, password = ""] = /^[^:]*:([\s\S]*)$/.exec(Buffer.from(credential, "base64").toString()) ?? [];
  return password;
}

/** The installation behind a token; 401 when it is unknown, expired, revoked or its installation is gone. */
export function callerOfToken(world: World, secret: string): Caller & { kind: "installation" } {
  const token = world.tokens.get(sha256(secret));
  const now = world.clock.now();
  if (!token || token.revokedAt !== undefined || now >= token.expiresAt) throw badCredentials();
  const { unknownMs, forbiddenMs } = world.tokenLag;
  if (now < token.createdAt + unknownMs) throw badCredentials();
  if (now < token.createdAt + unknownMs + forbiddenMs)
    throw new Refusal(403, "Resource not accessible by integration");
  const installation = world.installations.get(token.installationId);
  if (!installation) throw badCredentials();
  if (installation.suspendedAt !== undefined) throw new Refusal(403, "This installation has been suspended");
  return { kind: "installation", token, installation };
}

const undecodable = "A JSON web token could not be decoded";
const badIat =
  "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
const badExp =
  "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
const farExp = "'Expiration time' claim ('exp') is too far in the future";

/** A clock this far ahead of ours is forgiven in `iat`; `exp` may lie ten minutes ahead (GitHub's App docs). */
const driftSeconds = 60;
const lifeSecondsMax = 600;

function verifyJwt(world: World, jwt: string): void {
  const [head = "", claims = "", signature = ""] = jwt.split(".");
  const header = decoded(head);
  const payload = decoded(claims);
  if (header["alg"] !== "RS256") throw new Refusal(401, undecodable);
  const nowSeconds = Math.floor(world.clock.now() / 1000);
  const { iat, exp, iss } = payload;
  if (!Number.isInteger(iat) || Number(iat) > nowSeconds + driftSeconds) throw new Refusal(401, badIat);
  if (!Number.isInteger(exp) || Number(exp) <= nowSeconds) throw new Refusal(401, badExp);
  if (Number(exp) > nowSeconds + lifeSecondsMax) throw new Refusal(401, farExp);
  if (iss === undefined) throw new Refusal(401, "'Issuer' claim ('iss') must be an Integer");
  if (String(iss) !== String(world.app.id)) throw new Refusal(404, "Integration not found");
  const signed = Buffer.from(`${head}.${claims}`);
  const publicKey = createPublicKey(world.app.privateKey);
  if (!verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url")))
    throw new Refusal(401, undecodable);
}

function decoded(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Falls through to the refusal below: not JSON.
  }
  throw new Refusal(401, undecodable);
}

/** What a new token is for. */
export interface Grant {
  installation: Installation;
  repositoryIds: number[] | undefined;
  permissions: Permissions;
  lifeMs: number;
}

/**
 * Mints a token in the stateless format of 2026, `ghs_<APPID>_<JWT>`, about 520 characters
 * (GitHub changelog 2026-04-24). Expiry has a resolution of one second, as in `expires_at`.
 */
export function mint(world: World, grant: Grant): { secret: string; token: Token } {
  const head = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString("base64url");
  const secret = `ghs_${world.app.id}_${head}.${randomBytes(90).toString("base64url")}-_.${randomBytes(255).toString("base64url")}`;
  const now = world.clock.now();
  const token: Token = {
    sha256: sha256(secret),
    installationId: grant.installation.id,
    repositoryIds: grant.repositoryIds,
    permissions: grant.permissions,
    createdAt: now,
    expiresAt: Math.floor((now + grant.lifeMs) / 1000) * 1000,
  };
  world.tokens.set(token.sha256, token);
  return { secret, token };
}
