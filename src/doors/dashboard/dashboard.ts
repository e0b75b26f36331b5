/**
 * The dashboard: what the service does, for those who may see it. Pages are written here and work without
 * script. What somebody may not see looks exactly like what does not exist.
 */
import { type Context, Hono, type Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Clock } from "../../clock.ts";
import type { Config } from "../../config.ts";
import { isProblem } from "../../domain/errors.ts";
import type { OAuth } from "../../github/visitor-token.ts";
import type { Logger } from "../../log.ts";
import { type Course, courseOf } from "../../store/course.ts";
import type { Store } from "../../store/database.ts";
import { choices, listRuns } from "../../store/listing.ts";
import type { Seal } from "../../store/seal.ts";
import { textFields } from "../form.ts";
import type { IntakeParts } from "../verdict.ts";
import { visitorOf } from "../visitor.ts";
import { type Act, actsFor, carryOut } from "./acts.ts";
import { type Asked, headers, missing, type Pages, show } from "./answer.ts";
import { assets } from "./assets.ts";
import { isOnMachine, machine } from "./audience.ts";
import { isRunId, runPath } from "./frame.ts";
import { linesOf } from "./lines.ts";
import { listPage, readFilters } from "./list-page.ts";
import { liveRoutes } from "./live-pages.ts";
import { messagePage } from "./message-page.ts";
import { countedMax, overviewPage, readScope } from "./overview-page.ts";
import { type RunParts, type RunShown, runPage } from "./run-page.ts";
import { isOwnForm, type SignInParts, signInPage, signInRoutes, visitOf } from "./sign-in.ts";
import { createVisits } from "./visits.ts";

/** What the dashboard is made of. */
export interface DashboardParts {
  config: Pick<Config, "server" | "github">;
  store: Store;
  clock: Clock;
  /** Where people see a session at the platform. */
  sessionUrl: (session: string) => string;
  /** What carries out what people ask for. */
  intake: IntakeParts;
  seal: Seal;
  random: (bytes: number) => Uint8Array;
  /** The App's sign-in; undefined where it is not configured. */
  oauth: OAuth | undefined;
  log: Logger;
}

/** Forms hold one word. */
const formBytesMax = 4_096;

/** The pages, to be mounted at `/` behind all other routes. */
export function createDashboard(parts: DashboardParts): Hono<Pages> {
  const app = new Hono<Pages>();
  app.use(headers);
  app.onError((error, context) => {
    parts.log.error({ err: error, route: context.req.path }, "request failed");
    const words = "Something went wrong on our side. It is in the log; try again in a minute.";
    return show(context, messagePage(context.get("audience")?.looker, { title: "Sorry", words }), 500);
  });
  const signIn = signInOf(parts);
  app.use((context, next) => gate(parts, signIn, { context, next }));
  app.use(bodyLimit({ maxSize: formBytesMax, onError: tooLarge }));
  if (signIn) app.route("/", signInRoutes(signIn));
  app.get("/assets/:name", (context) => asset(context));
  app.get("/", (context) => list(parts, context));
  app.get("/overview", (context) => overview(parts, context));
  app.get("/runs/:id", (context) => run(parts, context));
  app.route("/", liveRoutes({ ...parts, shown: (course) => shown(parts, course) }));
  for (const act of ["stop", "retry"] as const)
    app.post(`/runs/:id/${act}`, (context) => change(parts, context, act));
  app.all("*", (context) => missing(context));
  return app;
}

/** Undefined where the App's OAuth is not configured. */
function signInOf(parts: DashboardParts): SignInParts | undefined {
  const { config, oauth, random, clock } = parts;
  const secret = config.server.oauth?.clientSecret;
  if (!oauth || !secret) return undefined;
  return { config, oauth, secret, visits: createVisits({ ...parts, oauth }), random, clock };
}

function tooLarge(context: Context<Pages>) {
  const words = "That form holds more than a page of ours asks for. Nothing was done.";
  return show(context, messagePage(context.get("audience")?.looker, { title: "Too much", words }), 413);
}

/** Everything else does not exist, whoever asks. */
const ownPaths = /^\/$|^\/(overview|live)$|^\/(runs|assets|auth)\//;
/** Paths that a browser needs before anybody has signed in. */
const openPaths = /^\/(assets|auth)\//;

/** Lets in who may look. */
async function gate(
  { config, log }: DashboardParts,
  signIn: SignInParts | undefined,
  { context, next }: { context: Context<Pages>; next: Next },
) {
  if (!signIn && !isOnMachine(visitorOf(context.env.incoming), config.server)) return context.notFound();
  if (!ownPaths.test(context.req.path)) return missing(context);
  if (!signIn) {
    context.set("audience", machine);
    context.set("again", async () => machine);
    return next();
  }
  if (openPaths.test(context.req.path)) return next();
  const cookie = visitOf(context, signIn);
  try {
    const again = async () => (cookie === undefined ? undefined : signIn.visits.audience(cookie));
    const audience = await again();
    if (!audience) return show(context, signInPage(wayBack(context)), 401);
    context.set("audience", audience);
    context.set("visit", cookie);
    context.set("again", again);
    return next();
  } catch (error) {
    if (!isProblem(error)) throw error;
    log.warn({ err: error }, "GitHub could not be asked what a person sees");
    const words = "GitHub cannot be asked just now what you may see. Try again in a minute.";
    return show(context, messagePage(undefined, { title: "One moment", words }), 503);
  }
}

function wayBack({ req }: Context<Pages>): string {
  const { pathname, search } = new URL(req.url);
  return req.method === "GET" && !pathname.endsWith("/live") ? pathname + search : "/";
}

function asset(context: Asked) {
  const name = context.req.param("name") ?? "";
  const file = Object.hasOwn(assets, name) ? assets[name] : undefined;
  if (!file) return missing(context);
  return context.body(file.text, 200, { "content-type": file.type, "cache-control": "public, max-age=300" });
}

async function list(parts: DashboardParts, context: Asked) {
  const audience = context.get("audience");
  const filters = readFilters(context.req.query());
  const page = listPage({
    looker: audience.looker,
    filters,
    choices: await choices(parts.store.db, audience.repositories),
    ...(await linesOf(parts, audience, filters)),
    now: parts.clock.now(),
  });
  return show(context, page);
}

const dayMs = 24 * 3_600_000;

async function overview({ store, clock }: DashboardParts, context: Asked) {
  const { looker, repositories } = context.get("audience");
  const scope = readScope(context.req.query());
  const wanted = {
    ...(repositories ? { repositories } : {}),
    ...(scope.owner === undefined ? {} : { owner: scope.owner }),
    since: clock.now() - scope.days * dayMs,
  };
  const lines = await listRuns(store.db, wanted, { limit: countedMax });
  const known = await choices(store.db, repositories);
  const owners = [...new Set(known.repositories.flatMap((name) => name.split("/")[0] ?? []))];
  return show(context, overviewPage({ looker, scope, owners, lines }));
}

/** The run the address names, for those who may see it. */
async function seen({ store }: Pick<DashboardParts, "store">, context: Asked): Promise<Course | undefined> {
  const id = context.req.param("id") ?? "";
  if (!isRunId(id)) return undefined;
  const course = await courseOf(store.db, id);
  const { repositories } = context.get("audience");
  return course && (repositories?.includes(course.line.repositoryId) ?? true) ? course : undefined;
}

async function run(parts: DashboardParts, context: Asked) {
  const course = await seen(parts, context);
  return course ? show(context, runPage(await runParts(parts, context, course))) : missing(context);
}

async function runParts(parts: DashboardParts, context: Asked, course: Course): Promise<RunParts> {
  const audience = context.get("audience");
  const acts = await actsFor(parts.intake, course, audience);
  return { ...shown(parts, course), looker: audience.looker, acts };
}

function shown({ sessionUrl, config, clock }: DashboardParts, course: Course): RunShown {
  return { course, sessionUrl, webUrl: config.github.webUrl, now: clock.now() };
}

/** Stop or retry, by a form of ours and for somebody who is signed in. */
async function change(parts: DashboardParts, context: Asked, act: Act) {
  const course = await seen(parts, context);
  const { person } = context.get("audience");
  const cookie = context.get("visit");
  if (!course || !person || cookie === undefined) return missing(context);
  const fields = await textFields(context);
  const { looker } = context.get("audience");
  const refused = (words: string, status: 400 | 403 | 503 = 403) =>
    show(context, messagePage(looker, { title: "Not done", words, run: runPath(course.line.id) }), status);
  if (!fields) return refused("That form cannot be read. Load the page again.", 400);
  if (!isOwnForm(context, cookie, fields["key"]))
    return refused("That form was not written here, or is from before you signed in. Load the page again.");
  try {
    const done = await carryOut(parts.intake, act, { course, person });
    if (!done.isDone) return refused(done.words);
    return context.redirect(runPath(done.started ?? course.line.id), 303);
  } catch (error) {
    if (!isProblem(error, "later")) throw error;
    parts.log.warn({ err: error }, "an act from the dashboard has to wait");
    return refused("GitHub cannot be asked just now. Try again in a minute.", 503);
  }
}
