/**
 * How the store stands, seen from beside the service: where it runs already it has the store to itself, and
 * is asked; otherwise the store is opened, its tables brought up to date, and closed again.
 */
import type { Config } from "../config.ts";
import { Problem } from "../domain/errors.ts";
import type { Store } from "../store/database.ts";
import { inAddress } from "./server.ts";

/** Looks at the store: through the running service, or by `open`. Throws what is wrong with it. */
export async function lookAtStore(
  { server, store }: Pick<Config, "server" | "store">,
  { fetch, open }: { fetch: typeof globalThis.fetch; open: () => Promise<Store> },
): Promise<string> {
  const running = store.databaseUrl ? undefined : await readiness(server, fetch);
  if (running === "ready") return "in use by the running service, which is ready";
  if (running !== undefined) {
    throw new Problem("later", "service_unready", `the running service is not ready: ${running}`);
  }
  const own = await open();
  try {
    await own.check();
  } finally {
    await own.close();
  }
  return "opens, and its tables are up to date";
}

const reasonCharactersMax = 200;

/** What the service on this machine says of itself; undefined where none answers. */
async function readiness({ host, port }: Config["server"], fetch: typeof globalThis.fetch) {
  const here = host === "0.0.0.0" ? "127.0.0.1" : inAddress(host === "::" ? "::1" : host);
  try {
    const answer = await fetch(`http://${here}:${port}/readyz`);
    const text = await answer.text();
    return answer.status === 200 || answer.status === 503 ? text.slice(0, reasonCharactersMax) : undefined;
  } catch {
    return undefined;
  }
}
