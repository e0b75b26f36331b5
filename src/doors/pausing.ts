/**
 * `npm run pause -- OWNER` and `npm run resume -- OWNER`: the operator holds back an account's new rounds, or lets
 * them in again. It is a row of the database and nothing else, so it outlives every restart and all replicas heed
 * it, and it is written beside the running service. What is at work goes on to its end: it is paid for already, and
 * a session that is cut off is work that is lost.
 */
import { systemClock } from "../clock.ts";
import { type Config, readConfig } from "../config.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { openStore, type Store } from "../store/database.ts";
import { heldBack, holdBack, letGo, pausedOwners } from "../store/pauses.ts";

/** GitHub's logins. */
const login = /^[a-z\d][a-z\d_-]{0,38}$/i;

/** What to tell the operator, and the exit status. */
export interface Told {
  words: string;
  status: number;
}

/** Carries out `pause OWNER` or `resume OWNER` on the store that the environment names. Never throws a problem. */
export async function pauseOrResume(
  environment: Record<string, string | undefined>,
  said: string[],
): Promise<Told> {
  try {
    const words = await beside(readConfig(environment), (store) => carryOut(store, said, systemClock.now()));
    return { words, status: 0 };
  } catch (error) {
    if (!isProblem(error)) throw error;
    return { words: `${error.message}\n`, status: 1 };
  }
}

/** Accounts that are paused. */
export function pausedIn({ db }: Store): Promise<string[]> {
  return pausedOwners(db);
}

/** The same, read beside the service; none while there is no database yet. */
export async function pausedBeside(config: Pick<Config, "store">): Promise<string[]> {
  return beside(config, pausedIn).catch((error: unknown) => {
    // Nor while a database has no tables yet, which is no trouble of ours to tell.
    if (isProblem(error) && error.code !== "store_missing") throw error;
    return [];
  });
}

async function beside<T>(
  { store: where }: Pick<Config, "store">,
  act: (store: Store) => Promise<T>,
): Promise<T> {
  const url = where.databaseUrl?.reveal();
  const store = await openStore(
    url === undefined ? { kind: "beside", dataDir: where.dataDir } : { kind: "postgres", url },
  );
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

async function carryOut({ db }: Store, [verb, owner = ""]: string[], now: number): Promise<string> {
  if (!login.test(owner)) {
    const words = `Say whom: \`npm run ${verb} -- OWNER\`, the login of the account the App is installed on.`;
    throw new Problem("refused", "pause_unnamed", words);
  }
  const { atWork, waiting } = await heldBack(db, owner);
  const counts = `${atWork} at work, ${waiting} waiting`;
  if (verb === "pause") {
    await holdBack(db, owner, now);
    return `${owner} is paused: nothing new starts (${counts}). What is at work goes on; \`/agent stop\` ends it.\n`;
  }
  return (await letGo(db, owner))
    ? `${owner} goes on: waiting runs start within half a minute, as places are free (${counts}).\n`
    : `${owner} was not paused (${counts}).\n`;
}
