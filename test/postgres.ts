/**
 * `npm run test:postgres`: runs the suites of the store, the engines and the replicas against a PostgreSQL of
 * their own, or those that are named on the command line; options go to vitest.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { startCluster } from "./replicas/cluster.ts";

const suites = [
  ...["test/contract/store.test.ts", "test/contract/engine.test.ts", "test/store", "test/replicas"],
  ...["test/stories/stopping.test.ts", "test/stories/triggers-replicas.test.ts"],
  "test/doors/beside.test.ts",
];

/** Resolves with vitest's exit status. */
async function runSuites(url: string): Promise<number> {
  const given = process.argv.slice(2);
  const files = given.some((one) => !one.startsWith("-")) ? [] : suites;
  const vitest = spawn("vitest", ["run", "--config", "test/vitest.config.ts", ...files, ...given], {
    stdio: "inherit",
    env: { ...process.env, TEST_DATABASE_URL: url },
  });
  // An interrupt ends the tests, not this process: the server has to be stopped first.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => vitest.kill(signal));
  const [code] = await once(vitest, "exit");
  return typeof code === "number" ? code : 1;
}

const cluster = await startCluster();
if (cluster) {
  try {
    process.exitCode = await runSuites(cluster.url);
  } finally {
    cluster.remove();
  }
} else {
  console.error("PostgreSQL's initdb and pg_ctl were not found. Install them: apt-get install postgresql");
  process.exitCode = 1;
}
