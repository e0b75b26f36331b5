/** The security manual says what is tested: every test it names is there, and every row of the model names one. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const manual = readFileSync(path("SECURITY.md"), "utf8");
const model = (manual.split("\n## Threat model\n")[1]?.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(1)
  .map((row) => row.slice(2, -2).split(" | "));

test("every threat has a mitigation and a test", () => {
  expect(model.length).toBeGreaterThan(20);
  expect(model.filter((cells) => cells.length !== 5 || cells.some((cell) => cell.trim() === ""))).toEqual([]);
  expect(model.filter((cells) => !/`test\/.+\.test\.ts`/.test(cells[4] ?? ""))).toEqual([]);
});

test("every test that is named exists", () => {
  const named = [...manual.matchAll(/`(test\/[^`]+)`/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !existsSync(path(name)))).toEqual([]);
});

test("the variables that are named are the manual's", () => {
  const readme = readFileSync(path("README.md"), "utf8");
  const named = [...manual.matchAll(/`(PATCHWRIGHT_[A-Z_]+)`/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
