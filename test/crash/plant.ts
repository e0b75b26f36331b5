/**
 * Planted bugs: each a small change of the service's source, made while it is loaded and never on the disk.
 * The sweep has to find every one of them; one that it misses shows a hole in the sweep, and one whose text
 * is not in the source any more has to be planted anew.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Words } from "./late.ts";
import type { Blow } from "./life.ts";
import type { Proof } from "./plan.ts";
import type { rivals } from "./rivals.ts";
import type { Strike } from "./strokes.ts";

/** One change of one file. */
interface Edit {
  file: string;
  from: string;
  to: string;
}

/** A bug, and the play that shows it: it ends badly with the bug and well without. */
export interface Plant {
  what: string;
  edits: Edit[];
  proof: Proof;
}

/** A bug of these edits. */
export const plant = (
  what: string,
  proof: Proof,
  ...edits: [file: string, from: string, to: string][]
): Plant => ({
  what,
  proof,
  edits: edits.map(([file, from, to]) => ({ file: `src/${file}`, from, to })),
});

/** A story with nothing done to it, or with blows. */
export const played = (story: string, ...strikes: Strike[]): Proof => ({ story, strikes });

/** A death after which it comes back at once. */
export const crash = (point: string): Strike => ({ point, blow: "crash", back: "at once" });

/** A reply that is lost. */
export const lost = (blow: Exclude<Blow, "crash">, point: string): Strike => ({
  point,
  blow,
  back: "at once",
});

/** A delivery that comes a minute late, and what people say meanwhile. */
export const late = (story: string, delivery: string, meanwhile: Words): Proof => ({
  story,
  strikes: [],
  late: { delivery, by: "a minute", meanwhile },
});

/** Whatever GitHub delivered in a story comes again. */
export const echoed = (story: string): Proof => ({ echo: story });

/** One of the checks of what no story shows. */
export const rival = (name: keyof typeof rivals): Proof => ({ rival: name });

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
