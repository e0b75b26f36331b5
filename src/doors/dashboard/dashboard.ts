/**
 * The dashboard: what the service does, for those who may see it. Pages are written here and work without
 * script. What somebody may not see looks exactly like what does not exist.
 */
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Clock } from "../../clock.ts";
import type { Config } from "../../config.ts";
import { type Course, courseOf } from "../../store/course.ts";
import type { Store } from "../../store/database.ts";
import { choices, listRuns, type RunLine, type Wanted } from "../../store/listing.ts";
import { visitorOf } from "../visitor.ts";
import { assets } from "./assets.ts";
import { type Audience, isOnMachine, machine } from "./audience.ts";
import type { Html } from "./frame.ts";
import { type Filters, linesMax, listPage, readFilters, row, rows } from "./list-page.ts";
import { type Fragments, live } from "./live.ts";
import { notFoundPage } from "./message-page.ts";
import { countedMax, overviewPage, readScope } from "./overview-page.ts";
import { type RunParts, runFragments, runPage } from "./run-page.ts";

/** What the dashboard is made of. */
export interface DashboardParts {
  config: Pick<Config, "server" | "github">;
  store: Store;
  clock: Clock;
  /** Where people see a session at the platform. */
  sessionUrl: (session: string) => string;
}

/** What a request to the dashboard carries. */
export type Pages = { Bindings: HttpBindings; Variables: { audience: Audience } };
/** A request to the dashboard. */
export type Asked = Context<Pages>;

const idPattern = /^run_[a-z0-9]{1,40}$/;

/** The pages, to be mounted at `/` behind all other routes. */
export function createDashboard(parts: DashboardParts): Hono<Pages> {
  const app = new Hono<Pages>();
  app.use(headers);
  app.use(async (context, next) => {
    if (!isOnMachine(visitorOf(context.env.incoming), parts.config.server)) return context.notFound();
    context.set("audience", machine);
    return next();
  });
  app.get("/assets/:name", (context) => asset(context));
  app.get("/", (context) => list(parts, context));
  app.get("/overview", (context) => overview(parts, context));
  app.get("/live", (context) => live(context, parts.clock, () => listFragments(parts, context)));
  app.get("/runs/:id", (context) => run(parts, context));
  app.get("/runs/:id/live", async (context) =>
    (await seen(parts, context))
      ? live(context, parts.clock, () => fragmentsOfRun(parts, context))
      : missing(context),
  );
  return app;
}

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    scriptSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
});

/** A page as an answer; none is kept by anybody. */
export function show(context: Asked, page: Html, status: 200 | 401 | 403 | 404 | 503 = 200) {
  context.header("cache-control", "no-store");
  context.status(status);
  return context.html(page);
}

/** The same for what does not exist and for what may not be seen. */
export function missing(context: Asked) {
  return show(context, notFoundPage(context.get("audience").looker), 404);
}

function asset(context: Asked) {
  const name = context.req.param("name") ?? "";
  const file = Object.hasOwn(assets, name) ? assets[name] : undefined;
  if (!file) return context.notFound();
  return context.body(file.text, 200, { "content-type": file.type, "cache-control": "public, max-age=300" });
}

function wantedBy({ repositories }: Audience, { page: _page, ...filters }: Filters): Wanted {
  return { ...filters, ...(repositories ? { repositories } : {}) };
}

function linesOf({ store }: DashboardParts, audience: Audience, filters: Filters): Promise<RunLine[]> {
  const offset = (filters.page - 1) * linesMax;
  return listRuns(store.db, wantedBy(audience, filters), { offset, limit: linesMax + 1 });
}

async function list(parts: DashboardParts, context: Asked) {
  const audience = context.get("audience");
  const filters = readFilters(context.req.query());
  const lines = await linesOf(parts, audience, filters);
  const page = listPage({
    looker: audience.looker,
    filters,
    choices: await choices(parts.store.db, audience.repositories),
    lines: lines.slice(0, linesMax),
    more: lines.length > linesMax,
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

async function listFragments(parts: DashboardParts, context: Asked): Promise<Fragments> {
  const filters = readFilters(context.req.query());
  const lines = (await linesOf(parts, context.get("audience"), filters)).slice(0, linesMax);
  const now = parts.clock.now();
  return {
    frame: { id: "rows", html: rows(lines, now) },
    parts: new Map(lines.map((line) => [line.id, row(line, now)])),
  };
}

/** The run the address names, for those who may see it. */
export async function seen(
  { store }: Pick<DashboardParts, "store">,
  context: Asked,
): Promise<Course | undefined> {
  const id = context.req.param("id") ?? "";
  if (!idPattern.test(id)) return undefined;
  const course = await courseOf(store.db, id);
  const { repositories } = context.get("audience");
  return course && (repositories?.includes(course.line.repositoryId) ?? true) ? course : undefined;
}

async function run(parts: DashboardParts, context: Asked) {
  const course = await seen(parts, context);
  return course ? show(context, runPage(runParts(parts, context, course))) : missing(context);
}

async function fragmentsOfRun(parts: DashboardParts, context: Asked): Promise<Fragments | undefined> {
  const course = await seen(parts, context);
  return course && { parts: runFragments(runParts(parts, context, course)) };
}

function runParts({ sessionUrl, config, clock }: DashboardParts, context: Asked, course: Course): RunParts {
  const { looker } = context.get("audience");
  return { looker, course, acts: [], sessionUrl, webUrl: config.github.webUrl, now: clock.now() };
}
