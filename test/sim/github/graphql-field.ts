/** What the objects of the GraphQL schema are made of: fields that can be asked for, and refusals of one. */

/** A refusal with GitHub's `type`: the field becomes null and the error names its path. */
export class FieldProblem extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Arguments of a field. */
export type Args = Record<string, unknown>;

/** An object of the schema: what each of its fields gives. */
export interface GraphqlObject {
  typename: string;
  fields: Record<string, (args: Args) => unknown>;
}

/** Is this an object with fields to choose from? */
export function isObject(value: unknown): value is GraphqlObject {
  return typeof value === "object" && value !== null && "typename" in value && "fields" in value;
}

/** An object of that type. */
export function graphqlObject(typename: string, fields: GraphqlObject["fields"]): GraphqlObject {
  return { typename, fields };
}
