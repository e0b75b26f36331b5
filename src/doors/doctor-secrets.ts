/**
 * The check of the secrets: who may read the file that the set-up wrote, whether the webhook's can be guessed, whether
 * those are missing without which nobody signs in. No value of one is told.
 */
import { statSync } from "node:fs";
import { credentialsPath } from "../config.ts";
import type { Check, Patient } from "./check.ts";
import { fail, pass, warn } from "./findings.ts";

/** Random text of the shortest length that is taken has more. */
const differentMin = 6;
const othersMayRead = 0o077;
/** Long enough not to turn up in random text. */
const placeholder = /secret|password|passwort|changeme|change-me|webhook|develop|example|patchwright/i;

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

/** Why a secret is none, without saying it; undefined where nothing speaks against it. */
function weaknessOf(secret: string): string | undefined {
  if (new Set(secret).size < differentMin) return "it repeats a few characters";
  // A text lies in its own double, between the first place and the last, where it consists of repetitions alone.
  if (`${secret}${secret}`.slice(1, -1).includes(secret)) return "it repeats the same characters";
  return placeholder.test(secret) ? "it holds a word that people put where a secret is to be" : undefined;
}

function sound({ app, sealKeys }: Patient["config"]): string {
  const webhook = app.webhookSecrets.length > 1 ? "two webhook secrets, while one is replaced" : "one";
  return `${webhook}; tokens sealed by ${sealKeys ? "PATCHWRIGHT_SEAL_KEY" : "a key derived from the private key"}`;
}

/** The file's mode; undefined where there is none, because the environment has the credentials. */
function modeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && found.mode & 0o777;
}
