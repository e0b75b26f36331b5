/**
 * Checks of what strangers are shown: the dashboard and the metrics are asked for without any credentials and by the
 * public address, which is that of the App's deliveries where the configuration names none.
 */
import { hookUrl } from "../github/examination.ts";
import type { Check, Patient } from "./check.ts";
import { fail, pass, warn } from "./findings.ts";
import { isPublic } from "./metrics-page.ts";

const seeAddress = "see what was found about the webhook address";
/** Of a page that may be anybody's no more is read. */
const bytesMax = 64 * 1024;

/** In the order they are told. */
export const strangerChecks: Check[] = [
  {
    what: "dashboard",
    todo: seeAddress,
    look: (patient) =>
      lookAt(patient, "/", {
        mark: / · Patchwright<\/title>/,
        found: "shows every run without a sign-in",
        todo: "have the proxy pass Host on and send X-Forwarded-For",
      }),
  },
  {
    what: "metrics",
    todo: seeAddress,
    look: (patient) =>
      lookAt(patient, "/metrics", {
        mark: /^(# HELP )?patchwright_/m,
        found: "answers without a password",
        todo: "have the proxy pass Host on and send X-Forwarded-For, then set METRICS_TOKEN for whoever scrapes",
      }),
  },
];

/** A page of ours that no stranger should get, known by `mark`. */
interface Shut {
  mark: RegExp;
  found: string;
  todo: string;
}

async function lookAt(patient: Patient, path: string, { mark, found, todo }: Shut) {
  const origin = await strangersAddress(patient);
  if (origin === undefined) return pass("at no public address");
  const url = `${origin}${path}`;
  const { fetch, config } = patient;
  const answer = await lookedUp(url, fetch).catch(() => undefined);
  if (!answer) return warn(`${url} does not answer`, seeAddress);
  const text = await beginningOf(answer);
  // Behind an address that leads elsewhere, another program may answer so.
  if (answer.status !== 200 || !mark.test(text)) return pass(`${url} is closed to strangers`);
  return fail(`${url} ${found}`, config.server.publicUrl === undefined ? `set PUBLIC_URL, ${todo}` : todo);
}

/** Follows the one step that proxies lead everybody: to https of the same host. */
async function lookedUp(url: string, fetch: Patient["fetch"]): Promise<Response> {
  const ask = (where: string) => fetch(where, { method: "GET", redirect: "manual" });
  const first = await ask(url);
  const to = URL.parse(first.headers.get("location") ?? "", url);
  const from = new URL(url);
  if (from.protocol !== "http:" || to?.protocol !== "https:" || to.hostname !== from.hostname) return first;
  await first.body?.cancel();
  return ask(to.href);
}

/** Undefined where nobody but this machine is told of one. */
async function strangersAddress({ github, config }: Patient): Promise<string | undefined> {
  const told = config.server.publicUrl ?? (await hookUrl(github));
  return told !== undefined && URL.canParse(told) && isPublic(told) ? new URL(told).origin : undefined;
}

async function beginningOf(answer: Response): Promise<string> {
  const reader = answer.body?.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (reader && bytes < bytesMax) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      bytes += value.byteLength;
    }
  } catch {
    // What came before it broke off is judged.
  }
  await reader?.cancel().catch(() => undefined);
  return Buffer.concat(parts).toString("utf8", 0, bytesMax);
}
