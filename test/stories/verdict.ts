/**
 * What every story is held to when it closes, whatever it is about: GitHub's own description of its API
 * approves of every request, no agent's script failed, every git operation found a token with life left,
 * tokens have one narrow use and an end, and no secret is anywhere but where it belongs.
 */
import { openapiOracle, undescribed } from "../contract/openapi-oracle.ts";
import { needlesOf, sightings } from "../hostile/canaries.ts";
import type { ClaudeSim } from "../sim/claude/claude.ts";
import type { GitHubSim } from "../sim/github/github.ts";
import type { Disk } from "../store/disk.ts";

/** What a story is about and may therefore do. */
export type Allowance = "git without a token" | "lost token" | "failed push" | "old token";

/** What is judged. The service has stopped; the simulators still know everything. */
export interface Evidence {
  github: GitHubSim;
  claude: ClaudeSim;
  lines: Record<string, unknown>[];
  /** What the service told of itself last. */
  metrics: string;
  disk: Disk;
  /** Secrets by their names that must not be found anywhere, in no form: every token that was minted among them. */
  secrets: Record<string, string>;
  /** When the story closed, milliseconds since the epoch. */
  now: number;
  allows: Allowance[];
}

/** Everything that is wrong; an empty list is a good verdict. */
export function verdictOn(evidence: Evidence): string[] {
  const { claude } = evidence;
  const flaws = [
    ...claude.scriptErrors.map((error) => `a script failed: ${String(error)}`),
    ...requestFlaws(evidence),
    ...gitFlaws(evidence),
    ...tokenFlaws(evidence),
    ...secretFlaws(evidence),
  ];
  return [...new Set(flaws)];
}

function requestFlaws({ github }: Evidence): string[] {
  const oracle = openapiOracle();
  return github.log
    .filter(({ route, status, injected }) => !undescribed.includes(route) && status !== 0 && !injected)
    .flatMap((each) => oracle.check(each));
}

/** A session finds a token that GitHub takes, and one with a quarter of its life left, whenever it uses git. */
function gitFlaws({ github, claude, allows }: Evidence): string[] {
  const minted = new Map(github.tokens().map((token) => [token.sha256, token]));
  return claude.gitOperations.flatMap(({ at, service, status, tokenSha256 }) => {
    const token = minted.get(tokenSha256 ?? "");
    if (status === 401 && !allows.includes("git without a token")) return [`${service} found no valid token`];
    if (status === 401 || !token || allows.includes("old token")) return [];
    const quarter = (token.expiresAt - token.createdAt) / 4;
    return at > token.expiresAt - quarter ? [`${service} used a token in the last quarter of its life`] : [];
  });
}

/** Tokens for sessions are for one repository's contents, and dead once no run is at work. */
function tokenFlaws({ github, disk, allows, now }: Evidence): string[] {
  const handed = github.tokens().filter(({ repositoryIds }) => repositoryIds !== undefined);
  const wide = handed.filter(
    ({ repositoryIds, permissions }) =>
      repositoryIds?.length !== 1 ||
      Object.entries(permissions).some(
        ([name, level]) =>
          name !== "contents" && !(level === "read" && (name === "metadata" || isServerScope(permissions))),
      ),
  );
  const atWork = rowsOf(disk, "runs").some(({ phase }) => phase === "working");
  const alive = handed.filter(({ revokedAt, expiresAt }) => revokedAt === undefined && now < expiresAt);
  const spared = allows.includes("lost token") ? 1 : 0;
  return [
    ...wide.map(({ permissions }) => `a token may do too much: ${JSON.stringify(permissions)}`),
    ...(!atWork && alive.length > spared ? [`${alive.length} tokens were never revoked`] : []),
  ];
}

/** The scope of a token for GitHub's MCP server: it reads, and changes nothing. */
function isServerScope(permissions: Record<string, string>): boolean {
  const names = ["actions", "checks", "contents", "issues", "metadata", "pull_requests"];
  return (
    Object.keys(permissions).toSorted().join() === names.join() &&
    Object.values(permissions).every((level) => level === "read")
  );
}

/**
 * GitHub's tokens, of whatever kind, and private keys. Where a word begins: sealed text is as random as a token, and
 * holds these four letters once in some thousand stories. The story's own tokens are looked for letter by letter.
 */
const secretShapes = /(?:\\[nrt]|(?<![\w-]))gh[psour]_[A-Za-z0-9_]{16,}|PRIVATE KEY-----/;

function secretFlaws({ github, claude, lines, metrics, disk, secrets }: Evidence): string[] {
  const contents = {
    "the log": lines,
    "the metrics": metrics,
    "a request to GitHub": github.log.map(({ path, requestBody }) => [path, requestBody]),
    "a request to the Claude platform": claude.log.map(({ path, requestBody }) => [path, requestBody]),
    "a session": claude.sessions.map(({ log, metadata, title }) => [log, metadata, title]),
    "the database": tablesOf(disk)
      .filter((table) => table !== "deliveries")
      .map((table) => rowsOf(disk, table)),
  };
  const texts = (some: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(some).map(([place, content]) => [place, JSON.stringify(content)]));
  const places = texts(contents);
  // What people write may look like a secret; none of ours comes with it.
  const delivered = texts({ "a delivery": rowsOf(disk, "deliveries") });
  return [
    ...sightings({ ...places, ...delivered }, needlesOf(secrets)).map(
      ({ place, secret, form }) => `${secret} (${form}) stands in ${place}`,
    ),
    ...Object.entries(places)
      .filter(([, text]) => secretShapes.test(text))
      .map(([place]) => `a secret stands in ${place}`),
  ];
}

/** Names of the tables on the disk. Cuts off whoever has it open. */
function tablesOf(disk: Disk): string[] {
  const rows = disk.open().prepare("select name from sqlite_master where type = 'table'").all([]);
  return (rows as { name: string }[]).map(({ name }) => name);
}

/** All rows of a table. Cuts off whoever has the disk open. */
export function rowsOf(disk: Disk, table: string): Record<string, unknown>[] {
  return disk.open().prepare(`select * from "${table}"`).all([]) as Record<string, unknown>[];
}
