/**
 * Check runs: an App's own word on a commit.
 */
import { z } from "zod";
import { bodyOf, created, listed, ok, param, type Reply, type RepositoryCall, type Route } from "./call.ts";
import { resolve } from "./git.ts";
import { checkRunJson } from "./payload-pull.ts";
import { notFound, Refusal, unprocessable } from "./refusal.ts";
import { commitNamed } from "./routes-git.ts";
import { type CheckRun, nextId } from "./world.ts";

const root = "/repos/{owner}/{repo}";

/** Routes of check runs. */
export const checkRoutes: Route[] = [
  { method: "POST", template: `${root}/check-runs`, needs: ["checks:write"], answer: start },
  { method: "PATCH", template: `${root}/check-runs/{check_run_id}`, needs: ["checks:write"], answer: update },
  {
    method: "GET",
    template: `${root}/check-runs/{check_run_id}`,
    needs: ["checks:read"],
    answer: (call) => ok(checkRunJson(call.world, call.repository, runOf(call))),
  },
  {
    method: "GET",
    template: `${root}/check-runs/{check_run_id}/annotations`,
    needs: ["checks:read"],
    answer: (call) => listed(call, runOf(call).notes ?? [], (note) => annotationJson(runOf(call), note)),
  },
  {
    method: "GET",
    template: `${root}/actions/jobs/{job_id}/logs`,
    needs: ["actions:read"],
    answer: jobLog,
  },
  { method: "GET", template: `${root}/commits/{ref}/check-runs`, needs: ["checks:read"], answer: ofCommit },
  {
    method: "GET",
    template: `${root}/check-suites/{check_suite_id}/check-runs`,
    needs: ["checks:read"],
    answer: ofSuite,
  },
];

const conclusions = [
  "action_required",
  "cancelled",
  "failure",
  "neutral",
  "success",
  "skipped",
  "timed_out",
] as const;
/** Sizes are those of the OpenAPI description. */
const textCharsMax = 65_535;
const fields = z.object({
  status: z.enum(["queued", "in_progress", "completed"]).optional(),
  conclusion: z.enum(conclusions).optional(),
  details_url: z.string().optional(),
  external_id: z.string().optional(),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  output: z
    .object({
      title: z.string().min(1).max(255).optional(),
      summary: z.string().max(textCharsMax),
      text: z.string().max(textCharsMax).optional(),
      annotations: z
        .array(z.object({ path: z.string(), start_line: z.int(), end_line: z.int(), message: z.string() }))
        .max(50)
        .default([]),
    })
    .optional(),
  actions: z
    .array(
      z.object({
        label: z.string().max(20),
        description: z.string().max(40),
        identifier: z.string().max(20),
      }),
    )
    .max(3)
    .optional(),
});
const startBody = fields.extend({ name: z.string().min(1), head_sha: z.string() });
const updateBody = fields.extend({ name: z.string().optional() });

async function start(call: RepositoryCall): Promise<Reply> {
  const { world, repository } = call;
  const body = bodyOf(call, startBody);
  if (!/^[0-9a-f]{40}$/.test(body.head_sha) || !(await resolve(repository.directory, body.head_sha))) {
    throw unprocessable(`No commit found for SHA: ${body.head_sha}`);
  }
  const run: CheckRun = {
    id: nextId(),
    name: body.name,
    headSha: body.head_sha,
    app: world.app,
    suiteId: suiteOf(call, body.head_sha),
    status: "queued",
    conclusion: null,
    detailsUrl: null,
    externalId: "",
    startedAt: world.clock.now(),
    completedAt: undefined,
    output: { title: null, summary: null, text: null, annotations: 0 },
    actions: [],
  };
  apply(call, run, body);
  repository.checkRuns.push(run);
  return created(checkRunJson(world, repository, run));
}

function suiteOf(call: RepositoryCall, sha: string): number {
  const { repository, world } = call;
  return (
    repository.checkRuns.find((run) => run.headSha === sha && run.app.id === world.app.id)?.suiteId ??
    nextId()
  );
}

function update(call: RepositoryCall): Reply {
  const { world, repository } = call;
  const run = runOf(call);
  if (run.app.id !== world.app.id) {
    throw new Refusal(
      403,
      `Invalid app_id \`${world.app.id}\` - check run can only be modified by the GitHub App that created it.`,
    );
  }
  const body = bodyOf(call, updateBody);
  apply(call, run, body);
  if (body.name !== undefined) run.name = body.name;
  return ok(checkRunJson(world, repository, run));
}

function apply(call: RepositoryCall, run: CheckRun, body: z.infer<typeof fields>): void {
  if (body.status === "completed" && !body.conclusion)
    throw unprocessable('Invalid request.\n\n"conclusion" wasn\'t supplied.');
  if (body.conclusion) {
    Object.assign(run, { status: "completed", conclusion: body.conclusion });
    run.completedAt = body.completed_at ? Date.parse(body.completed_at) : call.world.clock.now();
  } else if (body.status) {
    Object.assign(run, { status: body.status, conclusion: null, completedAt: undefined });
  }
  if (body.started_at) run.startedAt = Date.parse(body.started_at);
  run.detailsUrl = body.details_url ?? run.detailsUrl;
  run.externalId = body.external_id ?? run.externalId;
  run.actions = body.actions ?? run.actions;
  if (body.output) {
    const { title, summary, text, annotations } = body.output;
    const total = run.output.annotations + annotations.length;
    run.output = {
      title: title ?? run.output.title,
      summary,
      text: text ?? run.output.text,
      annotations: total,
    };
  }
}

function annotationJson({ headSha }: CheckRun, note: NonNullable<CheckRun["notes"]>[number]) {
  return {
    path: note.path,
    start_line: note.line,
    end_line: note.line,
    start_column: null,
    end_column: null,
    annotation_level: "failure",
    title: null,
    message: note.message,
    raw_details: null,
    blob_href: `https://github.com/blob/${headSha}/${note.path}`,
  };
}

/** A job has its check run's id. GitHub sends the reader on to where the log lies, for a minute. */
function jobLog(call: RepositoryCall): Reply {
  const run = call.repository.checkRuns.find(({ id }) => id === Number(param(call, "job_id")));
  if (run?.log === undefined) throw notFound();
  return { status: 302, headers: { location: `${call.world.url}/job-logs/${run.id}` } };
}

function runOf(call: RepositoryCall): CheckRun {
  const run = call.repository.checkRuns.find((each) => each.id === Number(param(call, "check_run_id")));
  if (!run) throw notFound();
  return run;
}

function page(call: RepositoryCall, runs: CheckRun[]): Reply {
  const reply = listed(call, runs, (run) => checkRunJson(call.world, call.repository, run));
  return { ...reply, body: { total_count: runs.length, check_runs: reply.body } };
}

async function ofCommit(call: RepositoryCall): Promise<Reply> {
  const { repository, query } = call;
  const name = param(call, "ref");
  const sha = await commitNamed(repository, name);
  if (!sha) throw unprocessable(`No commit found for SHA: ${name}`);
  const wanted = (field: string, value: string | number | null) =>
    [null, String(value)].includes(query.get(field));
  const runs = repository.checkRuns
    .filter((run) => run.headSha === sha)
    .filter(
      (run) => wanted("check_name", run.name) && wanted("status", run.status) && wanted("app_id", run.app.id),
    );
  const newest = (run: CheckRun) =>
    !runs.some((other) => other.id > run.id && other.name === run.name && other.app.id === run.app.id);
  return page(call, query.get("filter") === "all" ? runs : runs.filter(newest));
}

function ofSuite(call: RepositoryCall): Reply {
  const runs = call.repository.checkRuns.filter(
    (run) => run.suiteId === Number(param(call, "check_suite_id")),
  );
  if (runs.length === 0) throw notFound();
  return page(call, runs);
}
