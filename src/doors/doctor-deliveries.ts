/**
 * Checks of the way from outside to here: where deliveries go, whether somebody is there, and how the last
 * ones were answered.
 */
import { attemptsOf } from "../github/deliveries.ts";
import { hookUrl } from "../github/examination.ts";
import type { Check, Patient } from "./check.ts";
import { fail, pass, warn } from "./findings.ts";

/** Where the server takes deliveries. */
export const deliveriesPath = "/api/github/webhooks";
const askGitHub = "see that this machine reaches GitHub and that the App's credentials are right";

/** In the order they are told. */
export const deliveryChecks: Check[] = [
  { what: "webhook address", todo: askGitHub, look: address },
  { what: "last deliveries", todo: askGitHub, look: deliveries },
];

async function address({ github, config, fetch }: Patient) {
  const url = await hookUrl(github);
  const { publicUrl } = config.server;
  const wanted = `${publicUrl ?? "https://YOUR.HOST"}${deliveriesPath}`;
  const change = `set the webhook URL on the App's settings page to ${wanted}`;
  if (url === undefined) return fail("the App has none", change);
  if (!URL.canParse(url) || new URL(url).pathname !== deliveriesPath)
    return fail(`${url} is not ours`, change);
  if (publicUrl !== undefined && new URL(url).href !== wanted)
    return fail(`${url} is not below PUBLIC_URL`, change);
  return (await isOurs(url, fetch))
    ? pass(`${url} answers`)
    : fail(`${url} does not answer as Patchwright does`, "start the service; look at the proxy before it");
}

/** Does Patchwright take deliveries there? The server says which method it wants; nothing else on the way would. */
export async function isOurs(url: string, fetch: Patient["fetch"]): Promise<boolean> {
  try {
    const answer = await fetch(url, { method: "GET", redirect: "manual" });
    await answer.body?.cancel();
    return answer.status === 405 && answer.headers.get("allow") === "POST";
  } catch {
    return false;
  }
}

async function deliveries({ github }: Patient) {
  const { attempts } = await attemptsOf(github, undefined);
  const [last] = attempts;
  if (!last) return pass("none yet");
  const failed = attempts.filter(({ taken }) => !taken).length;
  const words = `${failed} of the last ${attempts.length} were not taken`;
  if (last.unsigned)
    return fail(
      `${words}; the last signature did not match`,
      "set WEBHOOK_SECRET to the App's webhook secret",
    );
  if (!last.taken)
    return fail(
      `${words}, the last one among them`,
      "see the App's settings page, Advanced, for the answers",
    );
  return failed === 0 ? pass(words) : warn(words, "nothing: the caretaker fetches what was missed");
}
