/** A walk that somebody takes through the product, as it is recorded: each step, where it is done, and its time. */
import { readFileSync, writeFileSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";

const head = `# A first walk

From a clone to the first pull request, step by step as it went: the real service, on the console and in a real
browser, with GitHub and Claude played by the simulators. A person takes longer over the pages. This file is written by

    TEST_WALK=test/browser/walk.md npm run test:browser -- test/browser/first-walk.test.ts

and the same test, which every run of CI plays, fails when the steps here are not those that it takes.

| since the start | took | where | step |
|---:|---:|---|---|
`;

/** Steps, in their order, with the time each took. */
export class Walk {
  readonly #rows: string[][] = [];
  readonly #from = systemClock.now();

  /** Does something and notes it. */
  async step<T>(where: string, what: string, act: () => Promise<T> | T): Promise<T> {
    const began = systemClock.now();
    const result = await act();
    const now = systemClock.now();
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
    this.#rows.push([seconds(now - this.#from), seconds(now - began), where, what]);
    return result;
  }

  /** What was done, without the times. */
  steps(): string[] {
    return this.#rows.map(([, , where, what]) => `${where}: ${what}`);
  }

  /** The whole record. */
  toString(): string {
    return `${head}${this.#rows.map((row) => `| ${row.join(" | ")} |\n`).join("")}`;
  }

  /** Writes the record where the next reader finds it. */
  record(path: string): void {
    writeFileSync(path, `${this}`);
  }
}

/** The steps of a record, without their times. */
export function recordedSteps(path: string): string[] {
  const rows = readFileSync(path, "utf8").matchAll(/^\| [\d.]+ s \| [\d.]+ s \| (.*?) \| (.*) \|$/gm);
  return [...rows].map(([, where, what]) => `${where}: ${what}`);
}
