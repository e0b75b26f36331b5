/**
 * How the store stands, seen from beside the service: where it runs already it has the store to itself, and
 * is asked; otherwise the store is opened as it is. Replicas of another version may be at work on its tables, so
 * nothing is made and nothing is brought up to date here.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { oneLine } from "../domain/sanitize.ts";
import type { Store } from "../store/database.ts";
import { newer, tablesOf } from "../store/tables.ts";
import { deliveriesPath, isOurs } from "./doctor-deliveries.ts";
import { type Finding, pass, warn } from "./findings.ts";
import { inAddress } from "./server.ts";

/** Looks at the store: through the running service, or by `open`. Throws what is wrong with it. */
export async function lookAtStore(
  { server, store }: Pick<Config, "server" | "store">,
  { fetch, open }: { fetch: typeof globalThis.fetch; open: () => Promise<Store> },
): Promise<Omit<Finding, "what">> {
  const running = store.databaseUrl ? undefined : await readiness(server, fetch);
  if (running === "ready") return pass("in use by the running service, which is ready");
  if (running !== undefined) {
    throw new Problem("later", "service_unready", `the running service is not ready: ${running}`);
  }
  if (!store.databaseUrl) mustBeWritable(store.dataDir);
  let own: Store;
  try {
    own = await open();
  } catch (error) {
    if (isProblem(error) && error.code === "store_missing")
      return pass("there is none yet: the start makes it");
    throw error;
  }
  try {
    return await tablesFound(own);
  } finally {
    await own.close();
  }
}

async function tablesFound(own: Store): Promise<Omit<Finding, "what">> {
  const { pending, unknown, isEmpty } = await tablesOf(own.db);
  if (isEmpty) return pass("opens, and is empty: the start makes its tables");
  if (unknown.length > 0) throw newer(unknown);
  if (pending.length > 0) {
    const count = pending.length === 1 ? "1 migration is" : `${pending.length} migrations are`;
    return warn(
      `opens, and ${count} pending (${pending.join(", ")})`,
      "start the new version: it brings the tables up to date, with no way back but a backup",
    );
  }
  await own.check();
  return pass("opens, and its tables are up to date");
}

/** A start makes the directory where it is missing. */
function mustBeWritable(dataDir: string): void {
  let place = dataDir;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    // Below a file nothing can be made.
    accessSync(place === dataDir ? place : `${place}/`, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const words = `The data directory ${dataDir} cannot be written. Give this user the right to write it, or set DATA_DIR.`;
    throw new Problem("refused", "store_unwritable", words, { cause });
  }
}

const reasonCharactersMax = 200;

/** What the service on this machine says of itself; undefined where none answers. */
async function readiness({ host, port }: Config["server"], fetch: typeof globalThis.fetch) {
  const here = host === "0.0.0.0" ? "127.0.0.1" : inAddress(host === "::" ? "::1" : host);
  try {
    // Another program may have the port: what it says of itself is nothing to us.
    if (!(await isOurs(`http://${here}:${port}${deliveriesPath}`, fetch))) return undefined;
    const answer = await fetch(`http://${here}:${port}/readyz`);
    const text = oneLine(await answer.text(), reasonCharactersMax);
    return answer.status === 200 || answer.status === 503 ? text : undefined;
  } catch {
    return undefined;
  }
}
