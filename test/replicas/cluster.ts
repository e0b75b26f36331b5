/**
 * A PostgreSQL server of our own: made in a temporary directory, on a free port of the loopback interface,
 * under an unprivileged user, stopped and started at will, removed afterwards. It knows nothing of tables.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A running server, until it is told otherwise. */
export interface Cluster {
  url: string;
  /** `immediate` is a crash: what was not committed is lost, and connections break where they are. */
  stop(how: "fast" | "immediate"): void;
  start(): void;
  /** Stops it and removes all it had. */
  remove(): void;
}

/** Where Debian and its kin keep the server's programs, one directory per version. */
const versionsDir = "/usr/lib/postgresql";

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The directory that holds `initdb` and `pg_ctl`, the newest version first; undefined when there is none. */
function findPrograms(): string | undefined {
  const versions = canRun(versionsDir) ? readdirSync(versionsDir).map(Number) : [];
  const debian = versions
    .toSorted((a, b) => b - a)
    .map((version) => join(versionsDir, String(version), "bin"));
  const { PATH: path = "" } = process.env;
  return [...debian, ...path.split(delimiter)].find(
    (dir) => canRun(join(dir, "initdb")) && canRun(join(dir, "pg_ctl")),
  );
}

/** Who runs the server: PostgreSQL refuses root, so root lends it to an unprivileged user. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => spawnSync("id", [flag, user], { encoding: "utf8" }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  return undefined;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}

/** Makes a server and starts it; undefined when PostgreSQL's programs are not on this machine. */
export async function startCluster(): Promise<Cluster | undefined> {
  const programs = findPrograms();
  if (!programs) return undefined;
  const dir = mkdtempSync(join(tmpdir(), "patchwright-postgres-"));
  const data = join(dir, "data");
  const user = unprivileged();
  if (user) chownSync(dir, user.uid, user.gid);
  const run = (program: string, ...args: string[]) =>
    execFileSync(join(programs, program), args, {
      ...user,
      cwd: dir,
      stdio: ["ignore", "ignore", "inherit"],
    });
  const port = await freePort();
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200`;
  const start = () => run("pg_ctl", "-D", data, "-w", "-l", join(dir, "log"), "-o", settings, "start");
  const remove = () => {
    spawnSync(join(programs, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"], { ...user, cwd: dir });
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync");
    start();
  } catch (error) {
    remove();
    throw error;
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: (how) => run("pg_ctl", "-D", data, "-w", "-m", how, "stop"),
    start,
    remove,
  };
}
