/**
 * How the tests run: from the project's root, two files at a time. Files share their worker and so what is
 * dear to make once, GitHub's compiled description above all; those that put a stand-in in a module's place
 * have a worker of their own.
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const standIns = ["test/crash/*.test.ts", "test/contract/stand-in-*.test.ts"];

/** Vitest reads the default export and nothing else. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    globalSetup: ["test/setup.ts"],
    // Two files at once: each story runs a server, two simulators and real git of its own.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: "shared", include: ["test/**/*.test.ts"], exclude: standIns, isolate: false },
      },
      { extends: true, test: { name: "apart", include: standIns } },
    ],
    // None is timed: only what hangs ends by this, also on a machine at a tenth of its speed.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
