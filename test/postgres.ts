/**
 * `npm run test:postgres`: runs the suites of the store and the engines against a PostgreSQL of their own —
 * made in a temporary directory, on a free port of the loopback interface, removed afterwards.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

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

/** Runs `tests` with the address of a server that lives as long as they do; resolves with their exit code. */
async function withServer(programs: string, tests: (url: string) => Promise<number>): Promise<number> {
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
  try {
    run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync");
    run("pg_ctl", "-D", data, "-w", "-l", join(dir, "log"), "-o", settings, "start");
    return await tests(`postgres://postgres@127.0.0.1:${port}/postgres`);
  } finally {
    spawnSync(join(programs, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"], { ...user, cwd: dir });
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs vitest on the suites that know PostgreSQL, or on those named on the command line. */
async function runSuites(url: string): Promise<number> {
  const named = process.argv.slice(2);
  const suites = named.length > 0 ? named : ["test/contract", "test/store"];
  const vitest = spawn("vitest", ["run", "--config", "test/vitest.config.ts", ...suites], {
    stdio: "inherit",
    env: { ...process.env, TEST_DATABASE_URL: url },
  });
  // An interrupt ends the tests, not this process: the server has to be stopped first.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => vitest.kill(signal));
  const [code] = await once(vitest, "exit");
  return typeof code === "number" ? code : 1;
}

const programs = findPrograms();
if (programs) {
  process.exitCode = await withServer(programs, runSuites);
} else {
  console.error("PostgreSQL's initdb and pg_ctl were not found. Install them: apt-get install postgresql");
  process.exitCode = 1;
}
