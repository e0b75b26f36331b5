/**
 * `npm run test:browser`: runs the suites that need a browser in a headless Chromium, or those that are named on
 * the command line; options go to vitest.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";

/** Where Debian and its kin put it; `CHROMIUM` names another. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const chromium = process.env["CHROMIUM"] ?? places.find((path) => existsSync(path));

if (chromium) {
  const given = process.argv.slice(2);
  const files = given.some((one) => !one.startsWith("-")) ? [] : ["test/browser"];
  const vitest = spawn("vitest", ["run", "--config", "test/vitest.config.ts", ...files, ...given], {
    stdio: "inherit",
    env: { ...process.env, TEST_CHROMIUM: chromium },
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => vitest.kill(signal));
  const [code] = await once(vitest, "exit");
  process.exitCode = typeof code === "number" ? code : 1;
} else {
  console.error("No Chromium was found. Install it: apt-get install chromium (or name one in CHROMIUM)");
  process.exitCode = 1;
}
