/**
 * Installation tokens: minted freshly, for exactly what they are for, and given back.
 * auth-app's cache is never used here: it serves a token for 59 of its 60 minutes, so one handed to a
 * session could be a minute from its end.
 */
import type { Octokit } from "@octokit/rest";
import type { Clock } from "../clock.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";

/** A token as GitHub issued it. Times are milliseconds since the epoch by our clock. */
export interface MintedToken {
  token: Secret;
  mintedAt: number;
  expiresAt: number;
}

/** What a token may be used for; without `repositoryId` everything the installation has. */
export interface TokenScope {
  installation: number;
  repositoryId?: number;
  permissions?: { contents: "read" | "write"; metadata: "read" } & { [other: string]: "read" | "write" };
}

/** Clocks this far apart are put down to GitHub's whole seconds. */
const skewIgnoredMs = 5_000;

/**
 * Asks GitHub for a token (POST /app/installations/{id}/access_tokens). `expiresAt` is GitHub's, moved by
 * the difference of the clocks, so that a wrong clock here cannot make a token outlive its use.
 * Problems: `gone` when the installation is, `refused` when it is suspended or lacks the repository or permission.
 */
export async function mintToken(app: Octokit, scope: TokenScope, clock: Clock): Promise<MintedToken> {
  const mintedAt = clock.now();
  const answer = await app.rest.apps
    .createInstallationAccessToken({
      installation_id: scope.installation,
      ...(scope.repositoryId === undefined ? {} : { repository_ids: [scope.repositoryId] }),
      ...(scope.permissions === undefined ? {} : { permissions: scope.permissions }),
    })
    .catch((error: unknown) => {
      throw isProblem(error) && error.code === "github_unprocessable" ? notGranted(error) : error;
    });
  const skewMs = Date.parse(answer.headers.date ?? "") - mintedAt;
  const correctionMs = Math.abs(skewMs) > skewIgnoredMs ? skewMs : 0;
  return {
    token: new Secret(answer.data.token),
    mintedAt,
    expiresAt: Date.parse(answer.data.expires_at) - correctionMs,
  };
}

function notGranted(error: Problem): Problem {
  return new Problem(
    "refused",
    "github_not_granted",
    "The App may not write to this repository: add the repository to the installation and accept its permissions.",
    { cause: error },
  );
}

/**
 * Gives a token back (DELETE /installation/token, with the token itself, so `bare` must add no credentials
 * of its own). One that is already dead counts as given back.
 */
export async function revokeToken(bare: Octokit, token: Secret): Promise<void> {
  await bare
    .request("DELETE /installation/token", { headers: { authorization: `token ${token.reveal()}` } })
    .catch((error: unknown) => {
      if (isProblem(error) && error.code === "github_forbidden") throw notReady(error);
      if (!isProblem(error) || error.code !== "github_credentials") throw error;
    });
}

/** Giving itself back is no question of permissions: GitHub's replicas do not know the token yet. */
function notReady(cause: Problem): Problem {
  return new Problem("later", "github_token_not_ready", "GitHub does not know the new token yet.", { cause });
}
