/**
 * Who may look, and at what. Without the App's OAuth only whoever sits on the machine itself, at no public
 * address; with it whoever has signed in, and then what GitHub lets them see.
 */
import type { Config } from "../../config.ts";
import type { Level } from "../../domain/permission.ts";
import type { Person } from "../../domain/run.ts";
import { isLocalName, isNear, type Visitor } from "../visitor.ts";
import type { Looker } from "./frame.ts";

/** Somebody who may look. */
export interface Audience {
  looker: Looker;
  /** Ids of the repositories whose runs they see; all when left out. */
  repositories?: readonly number[];
  /** Who acts, where somebody may. */
  person?: Person;
  /** Their level in each repository they see, by its id. */
  levels?: ReadonlyMap<number, Level>;
}

/** The machine itself: all is seen, and nobody is anybody at GitHub who could change something. */
export const machine: Audience = { looker: {} };

/**
 * Is this somebody on the machine itself, who needs no sign-in? A name in `Host` that is not the machine's own
 * would be a page elsewhere whose name was pointed here, and HTTP/1.0 is spoken by proxies alone.
 */
export function isOnMachine(
  visitor: Visitor,
  { publicUrl, oauth }: Pick<Config["server"], "publicUrl" | "oauth">,
): boolean {
  return (
    oauth === undefined &&
    publicUrl === undefined &&
    isNear(visitor) &&
    visitor.version !== "1.0" &&
    isLocalName(visitor.headers["host"] ?? "")
  );
}
