/**
 * Checks of the App at GitHub: who it is, what it may do, who may install it, whether people sign in by it, whether its
 * tokens work.
 */
import { Problem } from "../domain/errors.ts";
import { appView, clockSkewMs, isOpenToAll, limitLeft, tryToken } from "../github/examination.ts";
import { installationsOf } from "../github/labels.ts";
import type { Check, Examined, Patient } from "./check.ts";
import { fail, pass, warn } from "./findings.ts";
import { missingPermissions, permissionsText } from "./manifest.ts";

/** GitHub refuses a JWT that was issued more than a minute ahead of its clock. */
const skewMsMax = 30_000;
const askGitHub = "check APP_ID and PRIVATE_KEY against the App's settings page, and the way to GitHub";

/** In the order they are told. */
export const appChecks: Check[] = [
  {
    what: "GitHub App",
    todo: askGitHub,
    look: async ({ github, config }) => {
      const { slug, url } = await appView(github);
      return pass(`${slug} (${config.app.id}) at ${url}`);
    },
  },
  { what: "permissions", todo: askGitHub, look: permissions },
  { what: "events", todo: askGitHub, look: events },
  {
    what: "who may install",
    todo: askGitHub,
    look: async ({ github, config }) => {
      const { slug } = await appView(github);
      if (!(await isOpenToAll(github, slug))) return pass("the App is private");
      const { owners } = config;
      return owners
        ? pass(`the App is public; served are ${owners.join(", ")}`)
        : warn(
            "the App is public and everybody is served",
            "set PATCHWRIGHT_OWNERS, or make the App private",
          );
    },
  },
  { what: "sign-in", todo: askGitHub, look: signIn },
  {
    what: "clock",
    todo: "see that this machine reaches GitHub",
    look: async ({ github, clock }) => {
      const skewMs = await clockSkewMs(github, clock);
      const words = `${Math.round(Math.abs(skewMs) / 1_000)} s apart from GitHub's`;
      return Math.abs(skewMs) <= skewMsMax ? pass(words) : fail(words, "set this machine's clock (NTP)");
    },
  },
  { what: "installations", todo: askGitHub, look: installations },
  {
    what: "token",
    todo: "see that the App is installed, not suspended, and its permissions accepted",
    look: token,
  },
  { what: "limits", todo: "see that the App is installed", look: limits },
];

async function permissions({ github, manifest }: Patient) {
  const { permissions: has } = await appView(github);
  const missing = missingPermissions(manifest, has);
  const more = Object.entries(has).filter(([name, level]) => {
    const asked = manifest.default_permissions[name];
    return asked === undefined || (level !== "read" && asked === "read");
  });
  if (missing !== "") {
    const todo = "add them on the App's settings page, and accept them in each installation";
    return fail(`missing are ${missing}`, todo);
  }
  if (more.length > 0)
    return warn(`more than needed: ${permissionsText(more)}`, "take them away on the settings page");
  return pass("as app.yml asks for");
}

async function events({ github, manifest }: Patient) {
  const { events: has } = await appView(github);
  const missing = manifest.default_events.filter((event) => !has.includes(event));
  if (missing.length > 0)
    return fail(`not subscribed to ${missing.join(", ")}`, "subscribe to them on the App's settings page");
  const more = has.filter((event) => !manifest.default_events.includes(event));
  return more.length > 0
    ? warn(`more than needed: ${more.join(", ")}`, "take them away on the settings page")
    : pass("as app.yml asks for");
}

async function signIn({ github, config }: Patient) {
  const { oauth } = config.server;
  if (!oauth) return pass("not set up");
  const { clientId } = await appView(github);
  return clientId === "" || clientId === oauth.clientId
    ? pass("by this App")
    : fail(
        `CLIENT_ID is not this App's, which is ${clientId}`,
        "set CLIENT_ID and CLIENT_SECRET from the App's settings page",
      );
}

async function installations({ github }: Patient) {
  const all = await installationsOf(github);
  const suspended = all.filter((one) => one.suspended);
  if (all.length === 0) {
    const { url } = await appView(github);
    return warn("the App is installed nowhere", `install it: ${url}/installations/new`);
  }
  return suspended.length === all.length
    ? fail("all installations are suspended", "an owner can unsuspend one in its settings")
    : pass(`${all.length}, of which ${suspended.length} suspended`);
}

/** Where a token is tried: the named repository, else the first installation that is not suspended. */
async function scopeOf({ github, reached }: Examined) {
  const there = await reached?.catch(() => undefined);
  if (there) return there;
  const usable = (await installationsOf(github)).find((one) => !one.suspended);
  if (usable) return { installation: usable.id };
  throw new Problem("refused", "not_installed", "There is no installation to try it on.");
}

async function token(patient: Examined) {
  const { works, dies } = await tryToken(patient.github, await scopeOf(patient), patient.clock);
  if (!works) return fail("minted, but GitHub does not take it", "try again; then look at githubstatus.com");
  return dies
    ? pass("minted, used and revoked")
    : fail("still alive after it was revoked", "try again; then look at githubstatus.com");
}

async function limits(patient: Examined) {
  const { installation } = await scopeOf(patient);
  const left = await limitLeft(patient.github, installation);
  if (!left) return pass("this server has none");
  const words = `${left.left} of ${left.limit} requests left in this hour`;
  return left.left * 10 >= left.limit ? pass(words) : warn(words, "wait; see what else uses this App");
}
