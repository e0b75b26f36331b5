/**
 * What must be true when a play has come to rest, however often the service died in it: predicates over the
 * simulators' records and the database. It knows what a story promised and not what was done to it.
 */
import type { ClaudeSim } from "../sim/claude/claude.ts";
import type { Session } from "../sim/claude/session.ts";
import type { GitHubSim } from "../sim/github/github.ts";
import { issue, type Scene, shop } from "./scene.ts";
import { type Ends, headlineOf } from "./story.ts";
import { wishFlaws } from "./wishes.ts";

/** A play that has come to rest. */
export interface Rested {
  world: Scene;
  /** How it must have ended. */
  ends: Ends;
  /** Hashes of tokens that the service lost with the replies to their mints; nobody was given them. */
  lost: ReadonlySet<string>;
  /** The service was away for longer than a token lives. */
  wasAway: boolean;
}

/** All that is wrong; empty when all is well. */
export function flawsOf(rested: Rested): string[] {
  return [
    ...inboxFlaws(rested),
    ...runFlaws(rested),
    ...wordFlaws(rested),
    ...sessionFlaws(rested),
    ...pullFlaws(rested),
    ...tokenFlaws(rested),
    ...gitFlaws(rested),
    ...wishFlaws(rested.world),
  ];
}

const expected = (what: string, is: unknown, must: unknown): string[] =>
  is === must ? [] : [`${what}: ${String(is)}, not ${String(must)}`];

/** Every delivery of GitHub's is here and worked off, also those that came while nobody was there. */
function inboxFlaws({ world }: Rested): string[] {
  const rows = new Map(world.rows("deliveries").map((row) => [row["id"], row]));
  const label = world.github.deliveries.find(({ action }) => action === "labeled");
  return [
    ...[...rows.values()].flatMap(({ id, state }) =>
      state === "done" ? [] : [`delivery ${id} is ${state}`],
    ),
    ...(label && !rows.has(label.guid) ? ["the trigger's delivery was lost"] : []),
  ];
}

function runFlaws({ world, ends }: Rested): string[] {
  const runs = world.rows("runs");
  const run = runs.at(-1);
  return [
    ...expected("runs", runs.length, ends.runs ?? 1),
    ...expected("phase", run?.["phase"] ?? ends.phase, ends.phase),
    ...expected("round", run?.["round"] ?? ends.rounds, ends.rounds),
  ];
}

/** One status comment a run with the ending in it, nothing said twice. */
function wordFlaws({ world, ends }: Rested): string[] {
  const { github } = world;
  const ours = [issue, ...github.pulls(shop).map(({ number }) => number)].flatMap((number) =>
    github.comments(shop, number).filter(({ author }) => author === github.app.botLogin),
  );
  const status = ours.filter(({ body }) => /<!-- patchwright:run:run_\w{20} -->/.test(body));
  const reactions = github.reactions(shop, issue);
  return [
    ...expected("status comments", status.length, ends.runs ?? 1),
    ...expected("other comments", ours.length - status.length, ends.comments),
    ...(ends.headline.test(headlineOf(world)) ? [] : [`it ends as: ${headlineOf(world)}`]),
    ...expected("reactions", reactions.length, new Set(reactions).size),
  ];
}

function sessionFlaws({ world, ends }: Rested): string[] {
  const { sessions, scriptErrors } = world.claude;
  const prompted = sessions.filter((session) => messagesOf(session).length > 0);
  const spare = sessions.filter((session) => messagesOf(session).length === 0);
  const texts = prompted.flatMap(messagesOf);
  const answered = prompted.flatMap(({ log }) =>
    log.flatMap((event) => (event.type === "user.custom_tool_result" ? [event.custom_tool_use_id] : [])),
  );
  // An earlier run may rest on a pull request of its own.
  const isKept = world
    .rows("runs")
    .slice(0, -1)
    .some(({ phase }) => phase === "resting");
  const isArchived = ({ archivedAt }: Session) => archivedAt !== null;
  return [
    ...world.claude.sessions.flatMap(({ id, log }) =>
      ends.unsaid !== undefined && JSON.stringify(log).includes(ends.unsaid)
        ? [`the agent of ${id} went on to its end`]
        : [],
    ),
    ...scriptErrors.map((error) => `the agent's script failed: ${String(error)}`),
    ...expected("sessions", sessions.length, ends.sessions ?? ends.runs ?? 1),
    ...expected("prompted sessions", prompted.length, ends.sessions ?? ends.runs ?? 1),
    ...expected("messages", texts.length, ends.messages),
    ...expected("answers given twice", answered.length - new Set(answered).size, 0),
    ...expected("unused sessions left open", spare.filter(({ archivedAt }) => archivedAt === null).length, 0),
    ...expected("earlier sessions are archived", prompted.slice(0, -1).every(isArchived), !isKept),
    ...expected("the session is archived", prompted.slice(-1).every(isArchived), ends.phase === "ended"),
  ];
}

function messagesOf({ log, queue }: Session): string[] {
  return [...log, ...queue].flatMap((event) =>
    event.type === "user.message" ? [JSON.stringify(event)] : [],
  );
}

function pullFlaws({ world, ends }: Rested): string[] {
  const pulls = world.github.pulls(shop);
  const asked = pulls.flatMap(({ number, reviewers }) => reviewers.map((login) => `${number} ${login}`));
  return [
    ...expected("pull requests", pulls.length, ends.pulls),
    ...pulls.flatMap(({ title }) => expected("the title handed in", title, "Fix the problem")),
    ...expected("reviewers asked twice", asked.length - new Set(asked).size, 0),
  ];
}

/** No token is alive but those whose own mint's reply was lost, and these were given to nobody. */
function tokenFlaws({ world, ends, lost }: Rested): string[] {
  const { github, claude, clock } = world;
  const given = new Set(
    claude.sessions.flatMap(({ id }) =>
      claude.mounts(id).flatMap(({ tokens }) => tokens.map(({ sha256 }) => sha256)),
    ),
  );
  const alive = github
    .tokens()
    .filter(
      ({ repositoryIds, revokedAt, expiresAt }) => repositoryIds && !revokedAt && clock.now() < expiresAt,
    );
  const held = alive.filter(({ sha256 }) => given.has(sha256));
  return [
    ...expected("tokens alive in a session", held.length, 0),
    ...(ends.rounds === 1 && ends.comments === 0 && !ends.waitsForPeople
      ? claude.sessions.flatMap(({ id }) => earlyFlaws(claude.mounts(id), github.tokens()))
      : []),
    ...expected("tokens alive that were not lost", alive.filter(({ sha256 }) => !lost.has(sha256)).length, 0),
    ...expected("tokens on record", world.rows("tokens").length, 0),
  ];
}

/** While the agent works (nobody is waited for), the next token is in place before the one it has is taken back. */
function earlyFlaws(
  mounts: ReturnType<ClaudeSim["mounts"]>,
  minted: ReturnType<GitHubSim["tokens"]>,
): string[] {
  const revoked = new Map(minted.map(({ sha256, revokedAt }) => [sha256, revokedAt]));
  return mounts.flatMap(({ tokens }) =>
    tokens.flatMap(({ sha256 }, at) => {
      const [next, revokedAt] = [tokens[at + 1], revoked.get(sha256)];
      return next && revokedAt !== undefined && revokedAt < next.setAt
        ? ["a token was revoked before its successor"]
        : [];
    }),
  );
}

/** The agent's git never meets a dead token, unless nobody was there to replace it. */
function gitFlaws({ world, wasAway }: Rested): string[] {
  if (wasAway) return [];
  const refused = world.claude.gitOperations.filter(({ status }) => status === 401);
  return refused.map(({ service, step }) => `${service} (${step}) met a dead token`);
}
