/**
 * The check of the secrets: who may read the file that the set-up wrote, whether the webhook's can be guessed, whether
 * those are missing without which nobody signs in. No value of one is told.
 */
import { statSync } from "node:fs";
import { credentialsPath } from "../config.ts";
import { weaknessOf } from "../domain/guessable.ts";
import type { Check, Patient } from "./check.ts";
import { fail, pass, warn } from "./findings.ts";

const othersMayRead = 0o077;

/** In one line, the worst first. */
export const secretsCheck: Check = {
  what: "secrets",
  todo: "see that this user may look at DATA_DIR",
  look: async ({ config }) => {
    const path = credentialsPath(config.store.dataDir);
    const mode = modeOf(path);
    if (mode !== undefined && (mode & othersMayRead) !== 0)
      return fail(
        `${path} has mode ${mode.toString(8).padStart(4, "0")}: other users may read it`,
        `chmod 600 ${path}; if others use this machine, replace the secrets in it`,
      );
    const secrets = config.app.webhookSecrets;
    const weak = secrets.map((secret) => weaknessOf(secret.reveal())).find((why) => why !== undefined);
    if (weak !== undefined)
      return warn(
        `the webhook secret can be guessed: ${weak}`,
        "replace it by one of `openssl rand -hex 32`; README.md, Operations",
      );
    if (config.server.publicUrl !== undefined && config.server.oauth === undefined)
      return warn(
        "CLIENT_ID and CLIENT_SECRET are not set: with PUBLIC_URL nobody sees the dashboard",
        "set both from the App's settings page, or do without the dashboard",
      );
    return pass(sound(config));
  },
};

function sound({ app, sealKeys }: Patient["config"]): string {
  const webhook = app.webhookSecrets.length > 1 ? "two webhook secrets, while one is replaced" : "one";
  return `${webhook}; tokens sealed by ${sealKeys ? "PATCHWRIGHT_SEAL_KEY" : "a key derived from the private key"}`;
}

/** The file's mode; undefined where there is none, because the environment has the credentials. */
function modeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && found.mode & 0o777;
}
