/**
 * GitHub's own OpenAPI description as a judge: is this exchange one that GitHub could have had, is this
 * delivery one that it could have sent? Knows nothing of simulators; any log of exchanges will do.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";

/** One request and its answer. `route` is the template of the description: `/repos/{owner}/{repo}`. */
export interface Exchange {
  method: string;
  route: string;
  query?: Record<string, string>;
  requestBody?: unknown;
  status: number;
  responseBody?: unknown;
  /** The answer was made up by a test and need not be GitHub's. */
  injected?: boolean;
}

/** A webhook delivery. */
export interface Delivered {
  event: string;
  action: string | null;
  payload: unknown;
}

/** Finds what is wrong; an empty list is a good verdict. */
export interface Oracle {
  check(exchange: Exchange): string[];
  checkDelivery(delivery: Delivered): string[];
  /** Everything that is wrong in a log, each flaw once; git, GraphQL and pages for people are not in the description and are left out. */
  checkAll(log: { exchanges: Exchange[]; deliveries: Delivered[] }): string[];
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: object;
}

interface Body {
  required?: boolean;
  content?: Record<string, { schema?: object } | undefined>;
}

interface Operation {
  parameters?: (Parameter | Reference)[];
  requestBody?: Body;
  responses: Record<string, Body | Reference | undefined>;
}

interface Reference {
  $ref: string;
}

interface Description {
  paths: Record<string, Record<string, Operation | undefined> | undefined>;
  "x-webhooks": Record<string, { post: Operation } | undefined>;
  components: Record<string, Record<string, unknown>>;
}

let loaded: Oracle | undefined;

/** The oracle over the description in `@octokit/openapi`; loaded once per process. */
export function openapiOracle(): Oracle {
  loaded ??= oracleOf(describe());
  return loaded;
}

function describe(): Description {
  const path = fileURLToPath(import.meta.resolve("@octokit/openapi/generated/api.github.com.json"));
  return JSON.parse(readFileSync(path, "utf8")) as Description;
}

/** This one operation asks an account to be a user and an enterprise at once; everywhere else it is one of them. */
function correct({ paths }: Description): void {
  const listed = paths["/app/installations"]?.["get"]?.responses["200"];
  if (!listed || !("content" in listed) || !listed.content) return;
  const items = { $ref: "#/components/schemas/installation" };
  listed.content["application/json"] = { schema: { type: "array", items } };
}

/** OpenAPI 3.0 writes `nullable: true` where JSON Schema has a union with `null`. */
function nullable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("nullable" in value) || value.nullable !== true)
    return value;
  const { nullable: _dropped, ...schema } = value;
  if (!("type" in schema)) return { anyOf: [schema, { type: "null" }] };
  const choices = "enum" in schema && Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {};
  return { ...schema, ...choices, type: [schema.type, "null"] };
}

/** Where a schema stands in the description, as the name under which its users find it. */
const nameOf = (pointer: string) => `github:${pointer}`;

/** What stands at a pointer; parts as a reference spells them. */
function at(description: Description, pointer: string): unknown {
  const parts = pointer.slice(1).split("/");
  const plain = (part: string) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  return parts.reduce<unknown>((node, part) => (node as Record<string, unknown>)[plain(part)], description);
}

/** A schema as JSON Schema has it, its references by name; `meets` hears of each of them. */
function plainSchema(value: unknown, meets: (pointer: string) => void): unknown {
  if (Array.isArray(value)) return value.map((each) => plainSchema(each, meets));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (key === "example" || key === "examples") return [];
    if (key !== "$ref" || typeof inner !== "string") return [[key, plainSchema(inner, meets)]];
    meets(inner.slice(1));
    return [[key, nameOf(inner.slice(1))]];
  });
  return nullable(Object.fromEntries(entries));
}

/** Compiles what is asked for and nothing else: the whole description is forty times what a story needs. */
function validators(description: Description): (pointer: string) => ValidateFunction {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    validateSchema: false,
    logger: false,
    coerceTypes: false,
  });
  formats.default(ajv);
  // GitHub's address of a bot, `1+slug[bot]@users.noreply.github.com`, is not one by the letter.
  ajv.addFormat("email", true);
  const added = new Set<string>();
  const add = (pointer: string) => {
    if (added.has(pointer)) return;
    added.add(pointer);
    ajv.addSchema(plainSchema(at(description, pointer), add) as object, nameOf(pointer));
  };
  return (pointer) => {
    add(pointer);
    const validate = ajv.getSchema(nameOf(pointer));
    if (!validate) throw new Error(`no schema at ${pointer}`);
    return validate;
  };
}

function oracleOf(description: Description): Oracle {
  correct(description);
  const validator = validators(description);
  const flaws = (what: string, pointer: string, value: unknown): string[] => {
    const validate = validator(pointer);
    if (validate(value)) return [];
    return (validate.errors ?? [])
      .slice(0, 5)
      .map((error) => `${what}${error.instancePath}: ${error.message ?? ""}`);
  };
  /** Follows a `$ref` and says where the thing is. */
  const found = <Thing extends object>(
    thing: Thing | Reference,
    pointer: string,
  ): { at: string; thing: Thing } => {
    if (!("$ref" in thing)) return { at: pointer, thing };
    const path = thing.$ref.slice(1);
    return { at: path, thing: at(description, path) as Thing };
  };
  const operationOf = (method: string, route: string) => description.paths[route]?.[method.toLowerCase()];

  const check = (exchange: Exchange): string[] => {
    const { method, route, status } = exchange;
    const operation = operationOf(method, route);
    if (!operation) return [`${method} ${route} is not in the description`];
    const root = `/paths/${escaped(route)}/${method.toLowerCase()}`;
    const judged: Case = { operation, root, flaws, found };
    // What GitHub refused as malformed need not be well formed.
    const isRefused = status === 400 || status === 422;
    const request = isRefused ? [] : [...queryFlaws(exchange, judged), ...bodyFlaws(exchange, judged)];
    const response = responseFlaws(exchange, judged);
    return [...request, ...response].map((flaw) => `${method} ${route} ${status}: ${flaw}`);
  };
  const checkDelivery = ({ event, action, payload }: Delivered): string[] => {
    const name = (action === null ? event : `${event}-${action}`).replaceAll("_", "-");
    if (!description["x-webhooks"][name]) return [`${name} is not in the description`];
    return flaws(
      `${name} `,
      `/x-webhooks/${name}/post/requestBody/content/application~1json/schema`,
      payload,
    );
  };
  return {
    check,
    checkDelivery,
    checkAll({ exchanges, deliveries }) {
      const judged = exchanges.filter(
        ({ route, status, injected }) => !injected && status !== 0 && !undescribed.includes(route),
      );
      return [...new Set([...judged.flatMap(check), ...deliveries.flatMap(checkDelivery)])];
    },
  };
}

/** What GitHub speaks besides REST, and its pages for people. */
export const undescribed = [
  ...["graphql", "git-upload-pack", "git-receive-pack"],
  ...["manifest page", "authorize page", "access token"],
];

/** An operation under judgement. */
interface Case {
  operation: Operation;
  /** Where the operation stands in the description. */
  root: string;
  /** What is wrong with a value by the schema at a pointer. */
  flaws: (what: string, pointer: string, value: unknown) => string[];
  /** Follows a `$ref` and says where the thing is. */
  found: <Thing extends object>(thing: Thing | Reference, pointer: string) => { at: string; thing: Thing };
}

function queryFlaws({ query = {} }: Exchange, { operation, root, flaws, found }: Case): string[] {
  const parameters = (operation.parameters ?? []).map((each, index) =>
    found(each, `${root}/parameters/${index}`),
  );
  const named = new Map(parameters.map((each) => [`${each.thing.in} ${each.thing.name}`, each]));
  const missing = parameters.filter(
    ({ thing }) => thing.in === "query" && thing.required && !(thing.name in query),
  );
  const wrong = Object.entries(query).flatMap(([name, text]) => {
    const parameter = named.get(`query ${name}`);
    if (!parameter) return [`unknown query parameter ${name}`];
    const isAllowed = readingsOf(text).some(
      (reading) => flaws("", `${parameter.at}/schema`, reading).length === 0,
    );
    return isAllowed ? [] : [`query parameter ${name}: ${text} is not allowed`];
  });
  return [...missing.map(({ thing }) => `query parameter ${thing.name} is missing`), ...wrong];
}

/** A query parameter is text; it may stand for a number, a boolean, or the text itself. */
function readingsOf(text: string): unknown[] {
  return /^(?:-?\d+|true|false)$/.test(text) ? [text, JSON.parse(text)] : [text];
}

function bodyFlaws({ requestBody, status }: Exchange, { operation, root, flaws }: Case): string[] {
  const { required = false, content } = operation.requestBody ?? {};
  const schema = content?.["application/json"]?.schema;
  if (requestBody === undefined) return required && status < 400 ? ["the request has no body"] : [];
  if (!schema) return isEmpty(requestBody) ? [] : ["the operation takes no body"];
  const strange = strangeKeys(schema, requestBody).map((key) => `unknown field ${key} in the request`);
  return [
    ...strange,
    ...flaws("request", `${root}/requestBody/content/application~1json/schema`, requestBody),
  ];
}

function strangeKeys(schema: object, body: unknown): string[] {
  if (!("properties" in schema) || typeof body !== "object" || body === null || Array.isArray(body))
    return [];
  const known = Object.keys({ ...(schema.properties as object) });
  return Object.keys(body).filter((key) => !known.includes(key));
}

function isEmpty(body: unknown): boolean {
  return typeof body === "object" && body !== null && Object.keys(body).length === 0;
}

function responseFlaws(
  { status, responseBody }: Exchange,
  { operation, root, flaws, found }: Case,
): string[] {
  const declared = operation.responses[String(status)];
  if (!declared) {
    if (status >= 400) return flaws("response", "/components/schemas/basic-error", responseBody);
    return status >= 300 ? [] : [`status ${status} is not declared`];
  }
  const { at, thing } = found(declared, `${root}/responses/${status}`);
  const schema = thing.content?.["application/json"]?.schema;
  if (responseBody === undefined) return [];
  if (!schema) return status >= 300 || isEmpty(responseBody) ? [] : ["no body is declared"];
  return flaws("response", `${at}/content/application~1json/schema`, responseBody);
}

function escaped(route: string): string {
  return encodeURIComponent(route.replaceAll("~", "~0").replaceAll("/", "~1"));
}
