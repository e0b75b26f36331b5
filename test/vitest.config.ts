/** How the tests run: from the project's root, two files at a time. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Vitest reads the default export and nothing else. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup.ts"],
    // Two files at once: each story runs a server, two simulators and real git of its own.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
