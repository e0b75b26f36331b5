/**
 * Failed checks of others on a commit: which are new against the base, and what each says: summary,
 * annotations and the job's log.
 */
import { isProblem } from "../domain/errors.ts";
import { type JobLog, jobLog, logCharactersMax } from "../domain/job-log.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";
import { pagesOf } from "./pages.ts";

const failed: ReadonlySet<string> = new Set(["failure", "timed_out"]);
const failuresMax = 10;
/** Pages of a hundred checks that are read of a commit. */
const pagesMax = 10;
const annotationsMax = 20;
/** A log is read to its end, which is where the failure is; one longer than this is done without. */
const logBytesMax = 64 * 1024 * 1024;
/** Of the bytes read so many of the last are kept: a character takes four at most. */
const keptBytesMax = 4 * logCharactersMax;

/** A check that failed. */
export interface FailedCheck {
  /** The check run's id. */
  id: number;
  name: string;
  summary: string;
  annotations: number;
}

/** What a failed check says of itself. */
export interface CheckReport {
  name: string;
  summary: string;
  annotations: string[];
  /** The tail is empty where there is no log to be had. */
  log: JobLog;
}

/**
 * Checks of the Apps of `slugs` whose newest run on the commit failed and which do not fail on the base as
 * well; at most `failuresMax`.
 */
export async function newFailures(
  github: GitHub,
  { installation, owner, repo }: Place,
  { head, base, slugs }: { head: string; base: string; slugs: string[] },
): Promise<FailedCheck[]> {
  const { checks } = github.of(installation).rest;
  const read = async (ref: string) => {
    const asked = { owner, repo, ref, status: "completed", per_page: 100 } as const;
    const first = await checks.listForRef(asked);
    const runs = first.data.check_runs;
    for (let page = 2; page <= Math.min(pagesOf(first.headers.link), pagesMax); page += 1)
      runs.push(...(await checks.listForRef({ ...asked, page })).data.check_runs);
    return runs.filter(({ conclusion }) => failed.has(conclusion ?? ""));
  };
  const name = (run: { name: string; app: { slug?: string } | null }) => `${run.app?.slug}: ${run.name}`;
  const here = (await read(head)).filter(({ app }) => slugs.includes(app?.slug ?? ""));
  if (here.length === 0) return [];
  const old = new Set((await read(base)).map(name));
  return here
    .filter((run) => !old.has(name(run)))
    .slice(0, failuresMax)
    .map(({ id, name, output }) => ({
      id,
      name,
      summary: [output.title, output.summary].filter((part) => part).join("\n"),
      annotations: output.annotations_count,
    }));
}

/** What a failed check says. */
export async function checkReport(
  github: GitHub,
  place: Place,
  { id, name, summary, annotations }: FailedCheck,
): Promise<CheckReport> {
  return {
    name,
    summary,
    annotations: annotations > 0 ? await annotationsOf(github, place, id) : [],
    log: jobLog(await logOf(github, place, id)),
  };
}

async function annotationsOf(
  github: GitHub,
  { installation, owner, repo }: Place,
  id: number,
): Promise<string[]> {
  const { checks } = github.of(installation).rest;
  const { data } = await checks.listAnnotations({ owner, repo, check_run_id: id, per_page: annotationsMax });
  return data.map((one) => `${one.path}:${one.start_line}: ${one.message ?? ""}`);
}

/** For GitHub Actions a check run's id is its job's; other Apps have no log here. */
async function logOf(github: GitHub, { installation, owner, repo }: Place, job: number): Promise<string> {
  const { actions } = github.of(installation).rest;
  try {
    const { data } = await actions.downloadJobLogsForWorkflowRun({
      ...{ owner, repo, job_id: job },
      request: { parseSuccessResponseBody: false },
    });
    // The cast: the types do not know the option by which the body comes as a stream.
    return await endOf(data as ReadableStream<Uint8Array>);
  } catch (error) {
    // The log is an extra: gone, expired or not for us, the names and annotations still help.
    if (isProblem(error, "gone", "refused", "fault")) return "";
    throw error;
  }
}

async function endOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const kept: Uint8Array[] = [];
  let [read, held] = [0, 0];
  for await (const chunk of body) {
    kept.push(chunk);
    read += chunk.length;
    held += chunk.length;
    if (read > logBytesMax) return "";
    for (let first = kept[0]; first && held - first.length >= keptBytesMax; first = kept[0]) {
      held -= first.length;
      kept.shift();
    }
  }
  return Buffer.concat(kept).toString("utf8");
}
