/**
 * Reads the part of the GraphQL language that GitHub's clients use: one operation with variables, aliases,
 * arguments and inline fragments. Named fragments and directives are refused. Knows no schema.
 */

/** A field that is asked for, with its arguments' variables filled in. */
export interface Field {
  kind: "field";
  alias: string;
  name: string;
  args: Record<string, unknown>;
  selections: Selection[] | undefined;
}

/** `... on Type { … }`. */
export interface Fragment {
  kind: "fragment";
  on: string | undefined;
  selections: Selection[];
}

/** One entry of a selection set. */
export type Selection = Field | Fragment;

/** A whole request. */
export interface Operation {
  kind: "query" | "mutation";
  selections: Selection[];
}

/** A request the language does not allow, in GitHub's words where they are known. */
export class SyntaxProblem extends Error {}

const tokenPattern =
  /\s+|,|#[^\n]*|(\.\.\.|[{}()[\]:$!=@|&]|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[_A-Za-z]\w*)|(.)/gy;
const tokensMax = 5000;

function tokensOf(source: string): string[] {
  const tokens: string[] = [];
  for (const [, token, stray] of source.matchAll(tokenPattern)) {
    if (stray !== undefined) throw new SyntaxProblem(`Parse error on "${stray}" (error)`);
    if (token !== undefined) tokens.push(token);
    if (tokens.length > tokensMax) throw new SyntaxProblem("Query is too long");
  }
  return tokens;
}

/** Reads a request; every variable has to be declared, and given unless it may be null or has a default. */
export function operationOf(source: string, given: Record<string, unknown>): Operation {
  return new Reader(tokensOf(source), given).operation();
}

/** Walks over the tokens once. */
class Reader {
  readonly #tokens: string[];
  readonly #given: Record<string, unknown>;
  readonly #declared = new Map<string, unknown>();
  #at = 0;

  constructor(tokens: string[], given: Record<string, unknown>) {
    this.#tokens = tokens;
    this.#given = given;
  }

  operation(): Operation {
    let kind: Operation["kind"] = "query";
    if (this.#peek() !== "{") {
      const word = this.#next();
      if (word !== "query" && word !== "mutation")
        throw new SyntaxProblem(`Parse error on "${word}" (IDENTIFIER)`);
      kind = word;
      if (this.#isName()) this.#next();
      if (this.#peek() === "(") this.#declarations();
    }
    const selections = this.#selections();
    if (this.#peek() !== undefined) throw new SyntaxProblem("An operation name is required");
    return { kind, selections };
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #isName(): boolean {
    return /^[_A-Za-z]/.test(this.#peek() ?? "");
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new SyntaxProblem("Unexpected end of document");
    this.#at += 1;
    return token;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw new SyntaxProblem(`Parse error on "${found}", expecting "${token}"`);
  }

  #name(): string {
    const found = this.#next();
    if (!/^[_A-Za-z]/.test(found)) throw new SyntaxProblem(`Parse error on "${found}", expecting IDENTIFIER`);
    return found;
  }

  #takes(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #declarations(): void {
    this.#expect("(");
    while (!this.#takes(")")) {
      this.#expect("$");
      const name = this.#name();
      this.#expect(":");
      const isRequired = this.#type();
      const fallback = this.#takes("=") ? this.#value() : undefined;
      const value = this.#given[name] ?? fallback;
      if (isRequired && value === undefined)
        throw new SyntaxProblem(`Variable $${name} of type was provided invalid value`);
      this.#declared.set(name, value ?? null);
    }
  }

  #type(): boolean {
    if (this.#takes("[")) {
      this.#type();
      this.#expect("]");
    } else this.#name();
    return this.#takes("!");
  }

  #selections(): Selection[] {
    this.#expect("{");
    const selections: Selection[] = [];
    while (!this.#takes("}")) selections.push(this.#takes("...") ? this.#fragment() : this.#field());
    if (selections.length === 0) throw new SyntaxProblem('Parse error on "}" (RCURLY)');
    return selections;
  }

  #fragment(): Fragment {
    if (this.#peek() === "{") return { kind: "fragment", on: undefined, selections: this.#selections() };
    this.#expect("on");
    return { kind: "fragment", on: this.#name(), selections: this.#selections() };
  }

  #field(): Field {
    const first = this.#name();
    const name = this.#takes(":") ? this.#name() : first;
    const args: Record<string, unknown> = {};
    if (this.#takes("(")) {
      while (!this.#takes(")")) {
        const argument = this.#name();
        this.#expect(":");
        args[argument] = this.#value();
      }
    }
    const selections = this.#peek() === "{" ? this.#selections() : undefined;
    return { kind: "field", alias: first, name, args, selections };
  }

  #value(): unknown {
    const token = this.#next();
    if (token === "$") return this.#variable();
    if (token === "[") {
      const list: unknown[] = [];
      while (!this.#takes("]")) list.push(this.#value());
      return list;
    }
    if (token === "{") {
      const object: Record<string, unknown> = {};
      while (!this.#takes("}")) {
        const key = this.#name();
        this.#expect(":");
        object[key] = this.#value();
      }
      return object;
    }
    // Strings, numbers, booleans and null are written as in JSON; enum values stay names.
    return /^(?:[_A-Za-z])/.test(token) && !["true", "false", "null"].includes(token)
      ? token
      : JSON.parse(token);
  }

  #variable(): unknown {
    const name = this.#name();
    if (!this.#declared.has(name)) throw new SyntaxProblem(`Variable $${name} is used but not declared`);
    return this.#declared.get(name);
  }
}
