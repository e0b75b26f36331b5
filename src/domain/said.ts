/** What somebody said in a comment or a review, as a delivery carries it. */
import type { Aside } from "./run.ts";

/** A comment, a remark or a review's own text. */
export interface Said {
  id: number;
  as?: Aside | undefined;
  body: string;
  /** When it was said by GitHub's clock, milliseconds since the epoch; of a remark, when we received it. */
  at: number;
  /** The App it was written through, where it was. */
  viaApp?: { id: number; slug: string };
  /** GitHub counts its author to the repository or its owner. Others may belong there too: membership can be private. */
  belongs?: true;
}

/** GitHub's members that tell of it. */
export interface Utterance {
  id: number;
  body?: string | null | undefined;
  performed_via_github_app?: { id: number; slug?: string | undefined } | null | undefined;
  author_association: string;
}

const belonging: ReadonlySet<string> = new Set(["OWNER", "MEMBER", "COLLABORATOR"]);

/** Reads it; `at` in milliseconds since the epoch. */
export function saidIn(utterance: Utterance, at: number): Said {
  const { id, body, performed_via_github_app: app, author_association: association } = utterance;
  return {
    id,
    body: body ?? "",
    at,
    ...(app ? { viaApp: { id: app.id, slug: app.slug ?? "" } } : {}),
    ...(belonging.has(association) ? { belongs: true } : {}),
  };
}
