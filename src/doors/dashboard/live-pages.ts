/**
 * The streams of the pages that live. What is shown is read and written once a tick for all who see the same; each
 * viewer is asked again whether they may see it, and what they may do is written for them alone.
 */
import { Hono } from "hono";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../log.ts";
import { type Course, courseOf } from "../../store/course.ts";
import { courseMark } from "../../store/course-mark.ts";
import type { Store } from "../../store/database.ts";
import { runLine } from "../../store/listing.ts";
import type { IntakeParts } from "../verdict.ts";
import { type Act, actsOn, mayAct } from "./acts.ts";
import { type Asked, missing, type Pages } from "./answer.ts";
import { isRunId } from "./frame.ts";
import { linesOf } from "./lines.ts";
import { readFilters, row, rows } from "./list-page.ts";
import { createStreams, type Fragments, texts } from "./live.ts";
import { actsFragment, movingFragments, type RunShown, timelineFragment } from "./run-page.ts";
import { createViews, type Views } from "./views.ts";

/** What they are made of. */
export interface LiveParts {
  store: Store;
  clock: Clock;
  log: Logger;
  intake: Pick<IntakeParts, "store">;
  /** A run as everybody sees it, now. */
  shown: (course: Course) => RunShown;
}

/** A run as it was seen last. */
interface SeenRun {
  mark: string;
  course: Course;
  /** What can be done to it, by whoever may. */
  acts: Act[];
  /** What whoever may do nothing sees. */
  parts: ReadonlyMap<string, string>;
}

/** The routes. */
export function liveRoutes(parts: LiveParts): Hono<Pages> {
  const app = new Hono<Pages>();
  const live = createStreams(parts);
  const lists = createViews<Fragments>(parts.clock);
  const runs = createViews<SeenRun | undefined>(parts.clock);
  app.get("/live", (context) => live(context, () => listFragments(parts, lists, context)));
  app.get("/runs/:id/live", async (context) => {
    const id = context.req.param("id");
    const line = isRunId(id) ? await runLine(parts.store.db, id) : undefined;
    const { repositories } = context.get("audience");
    if (!line || !(repositories?.includes(line.repositoryId) ?? true)) return missing(context);
    return live(context, () => fragmentsOfRun(parts, runs, { context, id }));
  });
  return app;
}

/** Asked again, so that nobody sees longer than they may by leaving a page open. */
async function isStillLooking(context: Asked): Promise<boolean> {
  const audience = await context.get("again")();
  if (audience) context.set("audience", audience);
  return audience !== undefined;
}

async function listFragments(
  parts: LiveParts,
  views: Views<Fragments>,
  context: Asked,
): Promise<Fragments | undefined> {
  if (!(await isStillLooking(context))) return undefined;
  const { repositories } = context.get("audience");
  const scope = repositories ? { repositories } : {};
  const filters = readFilters(context.req.query());
  return views.look(JSON.stringify([filters, scope]), async () => {
    const { lines, last } = await linesOf(parts, scope, filters);
    const now = parts.clock.now();
    return {
      frame: { id: "rows", html: String(await rows({ lines, last, filters, now })) },
      parts: await texts(new Map(lines.map((line) => [line.id, row(line, now)]))),
    };
  });
}

async function fragmentsOfRun(
  parts: LiveParts,
  views: Views<SeenRun | undefined>,
  { context, id }: { context: Asked; id: string },
): Promise<Fragments | undefined> {
  if (!(await isStillLooking(context))) return undefined;
  const audience = context.get("audience");
  const seen = await views.look(id, (before) => readRun(parts, id, before));
  if (!seen || !(audience.repositories?.includes(seen.course.line.repositoryId) ?? true)) return undefined;
  if (seen.acts.length === 0 || !mayAct(audience, seen.course)) return seen;
  const own = String(await actsFragment(seen.acts, id, audience.looker));
  return { parts: new Map(seen.parts).set("acts", own) };
}

/** Reads a run where it has changed since, and writes what the passing time changes. */
async function readRun(
  { store, intake, shown }: LiveParts,
  id: string,
  before: SeenRun | undefined,
): Promise<SeenRun | undefined> {
  const mark = await courseMark(store.db, id);
  if (mark === undefined) return undefined;
  const known = before?.mark === mark ? before : undefined;
  const course = known?.course ?? (await courseOf(store.db, id));
  if (!course) return undefined;
  const acts = await actsOn(intake, course.run);
  // Of what is over no time passes.
  if (known && course.line.phase !== "working") return { ...known, acts };
  const now = shown(course);
  const moving = await texts(movingFragments({ ...now, acts: [], looker: {} }));
  const timeline = known?.parts.get("timeline") ?? String(await timelineFragment(now));
  return { mark, course, acts, parts: moving.set("timeline", timeline) };
}
