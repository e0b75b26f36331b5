/**
 * From a path to a route: credentials, limits and permissions are checked here, in GitHub's order.
 * Knows how templates become paths; the routes know the rest.
 */
import { Hono } from "hono";
import { accepted, demand, type Permission } from "./access.ts";
import type { Attachments } from "./attachments.ts";
import { type Caller, callerOf } from "./auth.ts";
import { type Call, type RepositoryCall, type Route, repositoryNamed } from "./call.ts";
import { type Env, exchange, type Gate, type HonoContext, refused } from "./gate.ts";
import { answerGit, gitCaller, serviceOf } from "./git-http.ts";
import { answerGraphql } from "./graphql.ts";
import { type Manifests, manifestPages } from "./manifests.ts";
import { notFound, Refusal } from "./refusal.ts";
import type { RequestRecord } from "./requests.ts";
import { type SignIns, signInPages } from "./sign-in.ts";
import { fullName, type Repository, type World } from "./world.ts";

/** The gate, and what lies behind it. */
export interface Surroundings extends Gate {
  routes: Route[];
  manifests: Manifests;
  attachments: Attachments;
  signIns: SignIns;
}

/** Segments that may hold slashes when they end a template. */
const open = ["path", "ref", "basehead", "branch", "name", "tree_sha"];

/** The Hono application: REST below `/api/v3`, GraphQL at `/api/graphql`, git at `/OWNER/REPO`. */
export function application(around: Surroundings): Hono<Env> {
  const app = new Hono<Env>({
    getPath: (request) => currentPath(around.world, new URL(request.url).pathname),
  });
  for (const route of around.routes) {
    const pattern = route.template.replace(/\{(\w+)\}(?=(\/?))/g, (_match, name: string, slash: string) =>
      slash === "" && open.includes(name) ? `:${name}{.+}` : `:${name}`,
    );
    app.on(route.method, `/api/v3${pattern}`, (context) => rest(around, context, route));
    if (pattern.endsWith("/contents/:path{.+}")) {
      app.get(`/api/v3${pattern.replace("/:path{.+}", "/")}`, (context) => rest(around, context, route));
      app.get(`/api/v3${pattern.replace("/:path{.+}", "")}`, (context) => rest(around, context, route));
    }
  }
  app.route("/", manifestPages(around, around.manifests));
  app.route("/", signInPages(around, around.signIns));
  app.post("/api/graphql", (context) => graphql(around, context));
  // Logs lie on a host of their own, behind an address that only the API gives away.
  app.get("/job-logs/:id", (context) => context.text(logOf(around.world, Number(context.req.param("id")))));
  app.get("/user-attachments/assets/:name", (context) => around.attachments.open(context));
  app.get("/storage/user/:user/files/:name", (context) => around.attachments.fetch(context));
  app.all("/:owner/:name/:action{info/refs|git-upload-pack|git-receive-pack}", (context) =>
    git(around, context),
  );
  app.notFound((context) =>
    exchange(around, context, { route: "unknown", createsContent: false }, () => Promise.reject(notFound())),
  );
  return app;
}

function logOf(world: World, job: number): string {
  const runs = [...world.repositories.values()].flatMap(({ checkRuns }) => checkRuns);
  return runs.find(({ id }) => id === job)?.log ?? "";
}

/** `/repositories/ID/…` is `/repos/OWNER/NAME/…` under the name the repository has now. */
function currentPath(world: World, path: string): string {
  const [, id = "", rest = ""] = /^\/api\/v3\/repositories\/(\d+)(.*)$/.exec(path) ?? [];
  const repository = world.repositories.get(Number(id));
  return repository ? `/api/v3/repos/${fullName(repository)}${rest}` : path;
}

async function rest(around: Surroundings, context: HonoContext, route: Route): Promise<Response> {
  const { world, limiter } = around;
  const about = { route: route.template, createsContent: route.createsContent ?? false };
  return exchange(around, context, about, async (record) => {
    let who = "anonymous";
    let accepts: string | undefined;
    try {
      checkHeaders(context);
      const caller = callerOf(world, context.req.header("authorization"));
      who = signed(record, caller);
      limiter.count(who);
      const call = await callFrom(around, { context, route, caller, record });
      const needed = permit(route, call);
      if (needed.length > 0) accepts = accepted(needed);
      if (route.createsContent) limiter.countContent(who);
      return { reply: await route.answer(call), who, ...(accepts && { accepts }) };
    } catch (problem) {
      return { ...refused(problem), who, ...(accepts && { accepts }) };
    }
  });
}

/** Notes who calls and returns the name limits are counted under. */
function signed(record: RequestRecord, caller: Caller): string {
  record.as = caller.kind;
  if (caller.kind !== "installation") return caller.kind;
  record.installationId = caller.installation.id;
  record.tokenHash = caller.token.sha256;
  return `installation ID ${caller.installation.id}`;
}

const versions = ["2022-11-28", "2026-03-10"];

function checkHeaders(context: HonoContext): void {
  if (!context.req.header("user-agent")) {
    throw new Refusal(
      403,
      "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
    );
  }
  const version = context.req.header("x-github-api-version");
  if (version !== undefined && !versions.includes(version)) {
    throw new Refusal(400, `Version "${version}" is not supported.`);
  }
}

async function callFrom(
  { world }: Surroundings,
  {
    context,
    route,
    caller,
    record,
  }: { context: HonoContext; route: Route; caller: Caller; record: RequestRecord },
): Promise<RepositoryCall> {
  const { pathname, searchParams } = new URL(context.req.url);
  const params = context.req.param() as Record<string, string>;
  const { method } = context.req;
  const text = await context.req.text();
  const call: Call = {
    ...{ world, method, params, caller },
    path: pathname,
    query: searchParams,
    accept: context.req.header("accept") ?? "",
    body: text === "" ? undefined : parsed(text),
  };
  // Before anything is refused: a redirect has had a body too.
  record.requestBody = route.as === "client" ? { access_token: "***" } : call.body;
  const isNamed = route.template.startsWith("/repos/{owner}/{repo}");
  const rest = pathname
    .split("/")
    .slice(6)
    .map((part) => `/${part}`)
    .join("");
  if (isNamed && caller.kind === "anonymous") throw new Refusal(401, "Requires authentication");
  return { ...call, repository: isNamed ? repositoryNamed(world, { method, params, rest }) : nowhere };
}

/** Stands where a route has no repository; such a route never reads it. */
const nowhere = {} as Repository;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "Problems parsing JSON");
  }
}

/** Refuses a caller the route is not for; returns the permissions any one of which suffices. */
function permit(route: Route, call: RepositoryCall): Permission[] {
  if (route.as === "anyone") return [];
  if (route.as === "app") {
    if (call.caller.kind !== "app") throw new Refusal(401, "A JSON web token could not be decoded");
    return [];
  }
  if (route.as === "user" || route.as === "client") {
    if (call.caller.kind !== route.as) throw new Refusal(401, "Requires authentication");
    return [];
  }
  const repository = route.template.startsWith("/repos/") ? call.repository : undefined;
  demand(call.caller, [], repository);
  const needed = typeof route.needs === "function" ? route.needs(call) : (route.needs ?? []);
  demand(call.caller, needed, repository);
  return needed;
}

async function graphql(around: Surroundings, context: HonoContext): Promise<Response> {
  const { world, limiter } = around;
  return exchange(around, context, { route: "graphql", createsContent: false }, async (record) => {
    const caller = callerOf(world, context.req.header("authorization"));
    const who = signed(record, caller);
    const body = parsed(await context.req.text());
    record.requestBody = body;
    const answer = async () => answerGraphql(world, demand(caller, []), body);
    const message = `API rate limit exceeded for ${who}.`;
    const spent = { errors: [{ type: "RATE_LIMITED", message }] };
    const isLeft = limiter.take(who, "graphql");
    return { reply: { status: 200, body: isLeft ? await answer() : spent }, who, resource: "graphql" };
  });
}

async function git(around: Surroundings, context: HonoContext): Promise<Response> {
  const { world } = around;
  const { owner, name, action } = context.req.param() as { owner: string; name: string; action: string };
  const query = new URL(context.req.url).search;
  const route = serviceOf({ action, query }) || "unknown";
  return exchange(around, context, { route, createsContent: false }, async (record) => {
    const body = Buffer.from(await context.req.arrayBuffer());
    const { headers } = context.req.raw;
    const caller = gitCaller(world, headers.get("authorization"));
    signed(record, caller);
    const { method } = context.req;
    return { reply: await answerGit(world, { method, owner, name, action, query, headers, body }, caller) };
  });
}
