/**
 * Planted bugs: each a small change of the service's source, made while it is loaded and never on the disk.
 * The sweep has to find every one of them; one that it misses shows a hole in the sweep, and one whose text
 * is not in the source any more has to be planted anew.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { rivals } from "./rivals.ts";

/** One change of one file. */
interface Edit {
  file: string;
  from: string;
  to: string;
}

/**
 * A bug, and where it is looked for first: points of `story` whose name matches `near`, what it does at an echo, or
 * one of the checks of what no story shows.
 */
export interface Plant {
  what: string;
  edits: Edit[];
  story: string;
  near: RegExp | "echo" | keyof typeof rivals;
}

/** A bug of these edits. */
export const plant = (
  what: string,
  story: string,
  near: Plant["near"],
  ...edits: [file: string, from: string, to: string][]
): Plant => ({
  what,
  story,
  near,
  edits: edits.map(([file, from, to]) => ({ file: `src/${file}`, from, to })),
});

/** Plants a bug: import the service after this. Throws when the text is not there exactly once. */
export function sow({ edits }: Pick<Plant, "edits">): void {
  const root = new URL("../../", import.meta.url).href;
  const changed = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const url = `${root}${file}`;
    const text = changed.get(url) ?? readFileSync(fileURLToPath(url), "utf8");
    if (text.split(from).length !== 2) throw new Error(`not exactly once in ${file}: ${from}`);
    changed.set(
      url,
      text.replace(from, () => to),
    );
  }
  registerHooks({
    load: (url, context, next) => {
      const source = changed.get(url);
      return source === undefined
        ? next(url, context)
        : { format: "module-typescript", source, shortCircuit: true };
    },
  });
}
