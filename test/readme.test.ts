/** The manual says what the code does: its tables are compared with the code, and its links lead somewhere. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { commandTable } from "../src/domain/command.ts";
import { endingKinds } from "../src/domain/ending.ts";
import { defaultSettings, settingsPath } from "../src/domain/settings.ts";
import { parseSettings } from "../src/domain/settings-file.ts";

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const readme = readFileSync(path("README.md"), "utf8");
const config = readFileSync(path("src/config-variables.ts"), "utf8");
const example = readFileSync(path(".env.example"), "utf8");

/** The rows of the table below a heading, each as its cells. */
function tableBelow(heading: string): string[][] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(1).map((row) => row.slice(2, -2).split(" | "));
}

/** The variables of the configuration's schema with the default each has there. */
function variables(): Map<string, string | undefined> {
  const schema = config.split("z.object({\n")[1]?.split("\n});")[0] ?? "";
  const entries = schema.split(/\n {2}(?=[A-Z])|^ {2}/).filter((entry) => /^[A-Z]/.test(entry));
  return new Map(
    entries.map((entry) => [
      entry.slice(0, entry.indexOf(":")),
      /\.default\("?([^")]*)"?\)/.exec(entry)?.[1]?.replaceAll("_", ""),
    ]),
  );
}

test("the table of commands is the code's", () => {
  expect(tableBelow("Commands")).toEqual(
    commandTable.map(({ form, help, who }) => [`\`${form}\``, help, who]),
  );
});

test("the table of variables has every one, with its default", () => {
  const known = variables();
  const told = new Map(
    tableBelow("Environment").map(([name = "", , value = ""]) => [name.replaceAll("`", ""), value]),
  );
  expect([...told.keys()].sort()).toEqual([...known.keys()].sort());
  const wrong = [...known].filter(
    ([name, value]) => value !== undefined && !told.get(name)?.startsWith(`\`${value}\``),
  );
  expect(wrong).toEqual([]);
});

test("the settings in the manual are all of them, with their defaults", () => {
  const yaml = /## Settings\n[\s\S]*?```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(parseSettings(yaml, { file: settingsPath })).toEqual({ kind: "settings", given: defaultSettings });
});

test("the example environment names what the manual's way by hand needs, and known variables only", () => {
  const names = [...example.matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name = ""]) => name);
  const filled = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name = ""]) => name);
  expect(filled.toSorted()).toEqual(["ANTHROPIC_API_KEY", "APP_ID", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET"]);
  expect(names.filter((name) => !variables().has(name))).toEqual([]);
});

test("the table of endings has every one", () => {
  expect(tableBelow("How a run ends").map(([ending]) => ending)).toEqual(endingKinds);
});

test("links and scripts lead somewhere", () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = ""]) => target);
  expect(links.filter((target) => !existsSync(path(target)))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(path("package.json"), "utf8"));
  const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("where proxies are described, nginx's lines stand there, and what cannot be told without them", () => {
  const [before = "", rest = ""] = readme.split("```nginx\n");
  const [lines = "", after = ""] = rest.split("\n```\n");
  expect(before.slice(-400)).toMatch(/reverse proxy[\s\S]*PUBLIC_URL/);
  expect(lines).toContain("proxy_set_header Host $host;");
  expect(lines).toContain("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;");
  expect(after.slice(0, 1_000)).toMatch(/HTTP\/1\.1[\s\S]*cannot be told from a neighbour[\s\S]*\/metrics/);
});
