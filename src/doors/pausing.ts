/**
 * `npm run pause -- OWNER` and `npm run resume -- OWNER`: the operator holds back an account's new rounds, or lets
 * them in again. It is a row of the database and nothing else, so it outlives every restart and all replicas heed
 * it, and it is written beside the running service, on tables as they are: the replicas at work may be of another
 * version. Older tables serve as long as they hold pauses as this code does; what a newer version means by its own
 * cannot be known. What is at work goes on to its end: it is paid for already, and a session that is cut off is work
 * that is lost.
 */
import { systemClock } from "../clock.ts";
import { type Config, readConfig } from "../config.ts";
import { isProblem, Problem } from "../domain/errors.ts";
import { openStore, type Store, storeBeside } from "../store/database.ts";
import { heldBack, holdBack, letGo, pausedOwners, pausesSince } from "../store/pauses.ts";
import { newer, tablesOf } from "../store/tables.ts";

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

/** The same, read beside the service; none while there is no database yet, or none with a table for them. */
export async function pausedBeside(config: Pick<Config, "store">): Promise<string[]> {
  const read = async (store: Store) => ((await knowsPauses(store)) ? pausedIn(store) : []);
  return beside(config, read).catch((error: unknown) => {
    if (!isProblem(error))
      throw new Problem("later", "store_unavailable", "The database does not let the pauses be read.", {
        cause: error,
      });
    if (error.code !== "store_missing") throw error;
    return [];
  });
}

/** An empty database names no migrations of its own: all are pending. */
async function knowsPauses({ db }: Store): Promise<boolean> {
  return !(await tablesOf(db)).pending.includes(pausesSince);
}

async function beside<T>(
  { store: where }: Pick<Config, "store">,
  act: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore(storeBeside(where));
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
  await mustKnowPauses(db);
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

async function mustKnowPauses(db: Store["db"]): Promise<void> {
  const { pending, unknown } = await tablesOf(db);
  const nothing = "Nothing was changed.";
  if (unknown.length > 0) {
    const words = `${newer(unknown).message} ${nothing}`;
    throw new Problem("refused", "store_newer", words);
  }
  if (!pending.includes(pausesSince)) return;
  const words = `The database has no tables for this yet: start the service once. ${nothing}`;
  throw new Problem("refused", "store_older", words);
}
