/**
 * PostgreSQL for tests: a fresh database per test on the server of TEST_DATABASE_URL, and a way to it that can be cut.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import pg from "pg";

/** Address of the server tests may make databases on; undefined when the suites for PostgreSQL are left out. */
export const { TEST_DATABASE_URL: serverUrl } = process.env;

/** Runs one statement on the server's own database. */
async function administer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** A database of its own and what removes it. */
export async function freshDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await administer(`create database ${name}`);
  const url = new URL(serverUrl ?? "");
  url.pathname = name;
  return { url: url.href, drop: () => administer(`drop database ${name} with (force)`) };
}

/** A way to a database: `cut` breaks it as it is, `mend` lets new connections through. */
export interface Way {
  url: string;
  cut(): void;
  mend(): void;
  close(): void;
}

/** The same database by a way that can be cut, as a lost process or network would cut it. */
export async function cuttableWay(url: string): Promise<Way> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let open = true;
  const server = createServer((near) => {
    if (!open) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const way = new URL(url);
  way.hostname = "127.0.0.1";
  way.port = String(typeof address === "object" ? address?.port : "");
  const cut = () => {
    open = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: way.href,
    cut,
    mend: () => {
      open = true;
    },
    close: () => {
      cut();
      server.close();
    },
  };
}
