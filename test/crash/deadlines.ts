/**
 * What must have happened in time, by the virtual clock: predicates over the simulators' records. An obligation is
 * only counted while the service was alive, in each of its lives anew: whoever comes back begins from what it finds.
 */
import type { Session } from "../sim/claude/session.ts";
import { receivedAt } from "./late.ts";
import { issue, type Scene, shop } from "./scene.ts";
import type { Ends } from "./story.ts";
import { textOf } from "./wishes.ts";

/** A life of the service. */
export interface Span {
  from: number;
  /** Undefined while it lives. */
  to: number | undefined;
}

/** Something that must be done, when it was due from and when it was done. Milliseconds since the epoch. */
interface Duty {
  what: string;
  from: number;
  done: number;
  limitMs: number;
}

/** A play's times. */
export interface Timed {
  world: Scene;
  ends: Ends;
  lives: Span[];
  /** When people acted last. */
  actedAt: number;
  /** For so long somebody asked to be left alone. */
  pausedMs: number;
  /** Word of something came late: nobody knows of what is not heard yet. */
  isLate: boolean;
}

/** Within a minute an extra session is archived, the token of a round that is over revoked, the ending told. */
const minuteMs = 60_000;
/** A stop reaches the agent. */
const stopMs = 10_000;
/** A token that was replaced is left a minute for what was begun with it, and then dies within another. */
const replacedMs = 2 * minuteMs;

/** The longest that one life left a duty undone. */
function openMs({ from, done }: Duty, lives: Span[]): number {
  return Math.max(...lives.map((life) => Math.min(life.to ?? done, done) - Math.max(life.from, from)));
}

/** All that was done too late. */
export function lateFlaws(timed: Timed): string[] {
  const duties = [...spareDuties(timed), ...tokenDuties(timed), ...toldDuties(timed), ...stopDuties(timed)];
  return duties.flatMap((duty) => {
    const ms = openMs(duty, timed.lives);
    const limitMs = duty.limitMs + timed.pausedMs;
    return ms > limitMs ? [`${duty.what} took ${ms} ms, not ${limitMs}`] : [];
  });
}

const timeOf = (event: object): number =>
  "processed_at" in event && typeof event.processed_at === "string"
    ? Date.parse(event.processed_at)
    : Number.NaN;

/** When the session came to rest, each time. */
const restsOf = ({ log }: Session): number[] =>
  log.filter(({ type }) => type === "session.status_idle").map(timeOf);

/** Sessions that nobody used are closed. */
function spareDuties({ world }: Timed): Duty[] {
  return world.claude.sessions
    .filter(({ log, queue }) => ![...log, ...queue].some(({ type }) => type === "user.message"))
    .flatMap(({ id, createdAtMs, archivedAt }) =>
      archivedAt === null
        ? []
        : [{ what: `closing ${id}`, from: createdAtMs, done: Date.parse(archivedAt), limitMs: minuteMs }],
    );
}

/** Tokens are revoked when the round is over, and when another has taken their place. */
function tokenDuties({ world: { github, claude } }: Timed): Duty[] {
  const dead = new Map(
    github
      .tokens()
      .map(({ sha256, revokedAt, expiresAt }) => [sha256, Math.min(revokedAt ?? expiresAt, expiresAt)]),
  );
  return claude.sessions.flatMap((session) =>
    claude.mounts(session.id).flatMap(({ tokens }) =>
      tokens.flatMap(({ sha256, setAt }, at): Duty[] => {
        const done = dead.get(sha256);
        // After a lost reply the same one is handed over again.
        const later = tokens.slice(at + 1);
        if (done === undefined || later.some((one) => one.sha256 === sha256)) return [];
        const next = later[0]?.setAt;
        if (next !== undefined && next <= done)
          return [{ what: "revoking a token that was replaced", from: next, done, limitMs: replacedMs }];
        const from = restsOf(session).findLast((rest) => rest >= setAt && rest <= done);
        return from === undefined
          ? []
          : [{ what: "revoking the round's token", from, done, limitMs: minuteMs }];
      }),
    ),
  );
}

/** The ending is told when the agent has come to rest and people have had their say. */
function toldDuties({ world, ends, actedAt }: Timed): Duty[] {
  const from = Math.max(actedAt, ...world.claude.sessions.flatMap(restsOf));
  const told = world.github.log.find(({ at, method, path, requestBody }) => {
    const { body } = (requestBody ?? {}) as { body?: string };
    return (
      at >= from && method !== "GET" && /\/comments(\/\d+)?$/.test(path) && ends.headline.test(body ?? "")
    );
  });
  return told ? [{ what: "telling the ending", from, done: told.at, limitMs: minuteMs }] : [];
}

/** Whoever says stop is heard. */
function stopDuties({ world, isLate }: Timed): Duty[] {
  const said = world.github.comments(shop, issue).find(({ body }) => body === "/agent stop");
  const events = world.claude.sessions.flatMap(({ log }) =>
    log.filter(({ type }) => type === "user.interrupt"),
  );
  const done = said && events.map(timeOf).find((at) => at >= said.createdAt);
  const word = world.github.deliveries.find(({ payload }) => textOf(payload) === said?.body);
  const from = isLate && word ? receivedAt(world, word.guid) : said?.createdAt;
  return from !== undefined && done !== undefined
    ? [{ what: "the interrupt", from, done, limitMs: stopMs }]
    : [];
}
