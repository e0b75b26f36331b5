/**
 * A sign-in between the way to GitHub and the way back: what its browser keeps of it, marked so that nobody but this
 * App's replicas can have written it, over after minutes, and good once in a process. It knows no requests.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../clock.ts";
import type { Secret } from "../../domain/secret.ts";

/** What a sign-in is finished with. */
export interface Way {
  state: string;
  /** Of PKCE: GitHub has its digest. */
  verifier: string;
  /** The path to go on to. */
  to: string;
}

/** Ways as texts. */
export interface Ways {
  /** For the browser to keep. */
  write(way: Way): string;
  /** What one of ours says; undefined when it is none, too old or used. */
  read(text: string): Way | undefined;
  /** From here on it is read no more in this process. Elsewhere GitHub takes no code twice. */
  use(way: Way): void;
}

/** A way is over after this. */
export const waySeconds = 600;
const markBytes = 32;
/** Used ways remembered: a megabyte. */
const usedMax = 10_000;
const shape = z.object({ state: z.string(), verifier: z.string(), to: z.string(), until: z.number() });

/** Ways marked by the secret of the App's OAuth: every replica has it, and nobody else. */
export function createWays({ secret, clock }: { secret: Secret; clock: Clock }): Ways {
  const key = Buffer.from(hkdfSync("sha256", secret.reveal(), "", "patchwright sign-in 1", markBytes));
  const mark = (plain: Uint8Array) => createHmac("sha256", key).update(plain).digest();
  const used = new Set<string>();
  return {
    write: (way) => {
      const plain = Buffer.from(JSON.stringify({ ...way, until: clock.now() + waySeconds * 1_000 }));
      return Buffer.concat([mark(plain), plain]).toString("base64url");
    },
    read: (text) => {
      const bytes = Buffer.from(text, "base64url");
      const plain = bytes.subarray(markBytes);
      if (bytes.length < markBytes || !timingSafeEqual(bytes.subarray(0, markBytes), mark(plain)))
        return undefined;
      const { until, ...way } = shape.parse(JSON.parse(plain.toString()));
      return clock.now() <= until && !used.has(way.state) ? way : undefined;
    },
    use: ({ state }) => {
      used.add(state);
      for (const oldest of used) if (used.size > usedMax) used.delete(oldest);
    },
  };
}
