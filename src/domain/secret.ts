/**
 * A value that does not print. Tokens and keys travel as `Secret` from the edge where they enter
 * to the one call that needs them; anything that logs, joins or serialises one gets `[secret]`.
 */
import { inspect } from "node:util";

const mask = "[secret]";

/** Holds a secret text; only `reveal()` gives it, so every use is found by searching for that word. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Call it at the place of use and keep the result nowhere. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [Symbol.toPrimitive](): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}

/** What a secret must be that travels in a header or an address, in words that follow its name. */
export const plainSecretWords = "must be printable ASCII without spaces or line breaks: copy it in one piece";

/** Is this a text that a header carries as it is? A wrapped paste and typographic quotes are none. */
export function isPlainSecret(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/**
 * Shapes of secrets that may turn up in somebody else's text (an error message, an agent's words).
 * GitHub's stateless installation tokens are about 520 characters with `.`, `_` and `-`
 * (GitHub changelog 2026-04-24), so the old 36-character pattern would leave most of one behind.
 * However long a secret is, all of it goes, so repetitions are open; each shape still takes linear time, as no
 * character is looked at by more than a few attempts. Of a JSON Web Token its end is looked for first, once for
 * a run of its letters.
 */
const shapes: RegExp[] = [
  /\bgh[pousr]_[A-Za-z0-9._-]{16,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{16,}/g,
  /\bsk-ant-[A-Za-z0-9_-]{8,}/g,
  /\bwhsec_[A-Za-z0-9+/=]{16,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10})([A-Za-z0-9_-]*?)\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  /(\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g,
  // What `fetch` says of a header it does not send quotes all of it, whatever the shape of the secret.
  /(")[^"]*(?=" is an invalid header value)/g,
];

/** The text with everything that looks like a secret replaced; for words that come from outside. */
export function redact(text: string): string {
  return shapes.reduce(
    (left, shape) =>
      left.replace(shape, (_match, kept) => (typeof kept === "string" ? `${kept}${mask}` : mask)),
    text,
  );
}
