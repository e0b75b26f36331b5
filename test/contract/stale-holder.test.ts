/**
 * The list of a holder's writes is complete: whatever is fenced in the source, by itself or by something its file
 * keeps for itself, is tried by a holder who was overtaken.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { writes } from "./stale-holder.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Part {
  name: string;
  isExported: boolean;
  body: string;
}

/** The functions of a file at its top level. */
function partsOf(text: string): Part[] {
  return text
    .split(/^(?=(?:export )?(?:async )?function )/m)
    .slice(1)
    .flatMap((body) => {
      const [, exported, name] = /^(export )?(?:async )?function (\w+)/.exec(body) ?? [];
      return name === undefined ? [] : [{ name, isExported: exported !== undefined, body }];
    });
}

/** Those that are fenced, and what others of the file get at only through them. */
function fencedIn(text: string): string[] {
  const parts = partsOf(text);
  const inner = new Set(["changeRun"]);
  const isFenced = ({ name, body }: Part) =>
    [...inner].some((one) => one === name || new RegExp(`\\b${one}\\(`).test(body));
  for (let before = 0; before < inner.size; ) {
    before = inner.size;
    for (const part of parts) if (!part.isExported && isFenced(part)) inner.add(part.name);
  }
  return parts.filter((part) => part.isExported && isFenced(part)).map(({ name }) => name);
}

test("every write that is fenced is tried by a stale holder", () => {
  const files = globSync("src/**/*.ts", { cwd: root });
  const fenced = files.flatMap((path) => fencedIn(readFileSync(`${root}/${path}`, "utf8")));
  expect(Object.keys(writes).toSorted()).toEqual([...new Set(fenced)].toSorted());
});
