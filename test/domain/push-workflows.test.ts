/** Which workflows run when a session pushes its branch, by what stands under their `on`. */
import { expect, test } from "vitest";
import { type PushRun, runsOnPush } from "../../src/domain/push-workflows.ts";

const branch = "claude/sesn_01AbC";

const workflows: [on: string, wanted: PushRun][] = [
  ["on: push", "runs"],
  ["on: [pull_request, push]", "runs"],
  ["on:\n  push:", "runs"],
  ["on:\n  push: {}", "runs"],
  ["on: { push: { paths: [src/**] } }", "runs"],
  ["on: create", "runs"],
  ["on: { create: }", "runs"],
  ["on: { push: { branches: [claude/**] } }", "runs"],
  ["on: { push: { branches: ['claude/*'] } }", "runs"],
  ["on: { push: { branches: ['**'] } }", "runs"],
  ["on: { push: { branches: ['*/sesn_*'] } }", "runs"],
  ["on: { push: { branches: ['**/sesn_*'] } }", "runs"],
  ["on: { push: { branches: '**' } }", "runs"],
  ["on: { push: { branches: ['!main', '**'] } }", "runs"],
  ["on: { push: { branches: ['[c]laude/**'] } }", "runs"],
  ["on: { push: { branches-ignore: [main] } }", "runs"],
  ["on: { push: { branches-ignore: ['*'] } }", "runs"],
  ["on: { push: { branches-ignore: ['v[0-9]+'] } }", "runs"],
  ["on: { push: { branches: ['**', '!releases/v[0-9]+'] } }", "runs"],
  [`on: { push: { branches: [${"main, ".repeat(100)}'claude/**'] } }`, "runs"],
  [`on: { push: { branches-ignore: ['claude/**', ${"main, ".repeat(100)}] } }`, "runs"],
  ["on: { push: { branches: [main], tags: [v1] } }", "does not run"],
  ["on: { push: { branches: ['*'] } }", "does not run"],
  ["on: { push: { branches: ['claude*'] } }", "does not run"],
  ["on: { push: { branches: ['**', '!claude/**'] } }", "does not run"],
  ["on: { push: { branches: ['Claude/**'] } }", "does not run"],
  ["on: { push: { branches-ignore: ['claude/**'] } }", "does not run"],
  ["on: { push: { tags: ['v*'] } }", "does not run"],
  ["on: { push: { tags-ignore: ['v*'] } }", "does not run"],
  ["on: pull_request", "does not run"],
  ["on: [workflow_dispatch, schedule]", "does not run"],
  ["on: { pull_request: { branches: ['**'] } }", "does not run"],
  ["name: Nothing", "unclear"],
  ["on: {", "unclear"],
  ["on: 7", "unclear"],
  ["", "unclear"],
  [`on: push # ${"x".repeat(70_000)}`, "unclear"],
];

test.each(workflows)("%j", (text, wanted) => {
  expect(runsOnPush(text, branch)).toBe(wanted);
});

test("a hostile pattern costs little", () => {
  const pattern = `${"*a".repeat(90)}b`;
  const text = `on: { push: { branches: [${Array.from({ length: 100 }, () => `'${pattern}'`).join()}] } }`;
  const began = performance.now();
  runsOnPush(text, `claude/${"a".repeat(60)}`);
  expect(performance.now() - began).toBeLessThan(2_000);
});
