/**
 * The moments at which a service can die, by name: the calls it makes and the writes its disk keeps. The same
 * names wherever it runs, in this process or in one of its own.
 */

/** A call's path with its numbers and ids taken out. */
export function routeOf(path: string): string {
  return (path.split("?")[0] ?? "")
    .replaceAll(/\/\d+(?=\/|$)/g, "/N")
    .replaceAll(/(\/|%2F)[a-z]+_01SIM\w+/g, "$1ID")
    .replace(/\/[0-9a-f]{40}\b.*$/, "/SHA")
    .replace(/\/compare\/.*$/, "/compare/RANGE");
}

/** Runs one statement and tells of it where it writes something down. */
export type Around = <T>(sql: string, parameters: readonly unknown[], call: () => T) => T;

/** One connection's durable writes, each told before and after: a transaction's commit, or a write of its own. */
export function durableWrites(pass: (moment: string) => void): Around {
  let open: string[] | undefined;
  return (sql, parameters, call) => {
    const write = writeOf(sql, parameters);
    if (sql === "begin") open = [];
    const durable = sql === "commit" ? open : open === undefined && write !== undefined ? [write] : [];
    if (open && write !== undefined) open.push(write);
    if (sql === "commit" || sql === "rollback") open = undefined;
    const name = `write ${mostTelling(durable ?? [])}`;
    if (durable?.length) pass(`before ${name}`);
    const result = call();
    if (durable?.length) pass(`after ${name}`);
    return result;
  };
}

const telling = [/facts/, /runs$/, /tokens/, /notes/, /replies/, /insert deliveries/, /deliveries/];

/** Commits are shared by whoever writes at the moment: the one write that matters most names them. */
function mostTelling(writes: string[]): string {
  const named = telling.map((pattern) => writes.find((write) => pattern.test(write)));
  return named.find((write) => write !== undefined) ?? writes[0] ?? "";
}

/** A write in a few words: verb and table, with a fact's name; undefined for whatever changes no row. */
function writeOf(sql: string, parameters: readonly unknown[]): string | undefined {
  const [, verb, table] = /^(insert into|update|delete from) "(\w+)"/.exec(sql) ?? [];
  if (verb === undefined || table === undefined) return undefined;
  const fact = table === "facts" && verb === "insert into" ? ` ${nameless(String(parameters[2]))}` : "";
  return `${verb.split(" ")[0]} ${table}${fact}`;
}

/** A fact's name with its ids, numbers and commits taken out. */
function nameless(fact: string): string {
  return fact
    .replaceAll(/\b[a-z]+_01SIM\w+/g, "ID")
    .replaceAll(/\b[0-9a-f]{40}\b/g, "SHA")
    .replaceAll(/\d{3,}/g, "N");
}

/** A moment, of the point that it was. */
export const momentOf = (point: string): string => point.replace(/ #\d+$/, "");

/** Counts moments: the name of a point is its moment's and how often that came so far. */
export class Count {
  readonly #counts = new Map<string, number>();

  /** The point that this moment is. */
  point(moment: string): string {
    const count = (this.#counts.get(moment) ?? 0) + 1;
    this.#counts.set(moment, count);
    return `${moment} #${count}`;
  }
}
