/**
 * Before any test: is git here, and new enough? The simulators serve and the simulated agent uses real git,
 * and fifty failing stories would say it less clearly.
 */
import { execFileSync } from "node:child_process";

/** The first version with everything the tests ask of git. */
const needed: [number, number] = [2, 39];

/** The version `git --version` tells; undefined where there is no git. */
function gitVersion(): string | undefined {
  try {
    return /\d+\.\d+(\.\d+)?/.exec(execFileSync("git", ["--version"], { encoding: "utf8" }))?.[0];
  } catch {
    return undefined;
  }
}

/** Vitest calls this once, before the first file. Ends the process with one line when git is missing. */
export function setup(): void {
  const version = gitVersion();
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return;
  process.stderr.write(
    `The tests need git ${needed.join(".")} or newer, and ${version ? `this is ${version}` : "there is none"}: install it and start them again.\n`,
  );
  process.exit(2);
}
