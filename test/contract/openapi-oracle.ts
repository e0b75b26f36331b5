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
}

/** A webhook delivery. */
export interface Delivered {
  event: string;
  action: string | null;
  payload: unknown;
}

/** Finds what is wrong; an empty list is a good verdict. */
export interface Oracle {
  /** Is the operation in the description at all? */
  knows(method: string, route: string): boolean;
  check(exchange: Exchange): string[];
  checkDelivery(delivery: Delivered): string[];
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: object;
}

interface Body {
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

/** The oracle over the description in `@octokit/openapi`; loaded once per process, which takes a second. */
export function openapiOracle(): Oracle {
  loaded ??= oracleOf(describe());
  return loaded;
}

function describe(): Description {
  const path = fileURLToPath(import.meta.resolve("@octokit/openapi/generated/api.github.com.json"));
  // The reviver walks from the leaves up, so each object is normalised once.
  return JSON.parse(readFileSync(path, "utf8"), (key, value: unknown) =>
    key === "example" || key === "examples" ? undefined : nullable(value),
  );
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

function oracleOf(description: Description): Oracle {
  correct(description);
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
  ajv.addSchema(description, "github");
  const compiled = new Map<string, ValidateFunction>();

  const validator = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `github#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };
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
    const target = path
      .slice(1)
      .split("/")
      .reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], description);
    return { at: path, thing: target as Thing };
  };
  const operationOf = (method: string, route: string) => description.paths[route]?.[method.toLowerCase()];

  return {
    knows: (method, route) => operationOf(method, route) !== undefined,
    check(exchange) {
      const { method, route } = exchange;
      const operation = operationOf(method, route);
      if (!operation) return [`${method} ${route} is not in the description`];
      const root = `/paths/${escaped(route)}/${method.toLowerCase()}`;
      const name = `${method} ${route} ${exchange.status}`;
      const parameters = (operation.parameters ?? []).map((each, index) =>
        found<Parameter>(each, `${root}/parameters/${index}`),
      );
      // What GitHub refused as malformed need not be well formed.
      const request =
        exchange.status === 400 || exchange.status === 422
          ? []
          : requestFlaws(exchange, { operation, parameters, root, flaws });
      return [...request, ...responseFlaws(exchange, { operation, root, flaws, found })].map(
        (flaw) => `${name}: ${flaw}`,
      );
    },
    checkDelivery({ event, action, payload }) {
      const base = event.replaceAll("_", "-");
      const name = [action === null ? base : `${base}-${action.replaceAll("_", "-")}`].find(
        (each) => description["x-webhooks"][each],
      );
      if (!name) return [`${event}.${action} is not in the description`];
      const pointer = `/x-webhooks/${name}/post/requestBody/content/application~1json/schema`;
      return flaws(`${name} `, pointer, payload);
    },
  };
}

type Flaws = (what: string, pointer: string, value: unknown) => string[];

function requestFlaws(
  { query = {}, requestBody }: Exchange,
  {
    operation,
    parameters,
    root,
    flaws,
  }: { operation: Operation; parameters: { at: string; thing: Parameter }[]; root: string; flaws: Flaws },
): string[] {
  const named = new Map(
    parameters.filter(({ thing }) => thing.in === "query").map((each) => [each.thing.name, each]),
  );
  const strange = Object.keys(query).filter((name) => !named.has(name));
  const missing = [...named.values()].filter(({ thing }) => thing.required && !(thing.name in query));
  return [
    ...strange.map((name) => `unknown query parameter ${name}`),
    ...missing.map(({ thing }) => `query parameter ${thing.name} is missing`),
    ...Object.entries(query).flatMap(([name, text]) => {
      const parameter = named.get(name);
      return parameter && !fits(flaws, `${parameter.at}/schema`, text)
        ? [`query parameter ${name}: ${text} is not allowed`]
        : [];
    }),
    ...bodyFlaws(operation, requestBody, (value) =>
      flaws("request", `${root}/requestBody/content/application~1json/schema`, value),
    ),
  ];
}

/** A query parameter is text; it may stand for a number, a boolean, or the text itself. */
function fits(flaws: Flaws, pointer: string, text: string): boolean {
  const readings: unknown[] = [text, ...(/^(?:-?\d+|true|false)$/.test(text) ? [JSON.parse(text)] : [])];
  return readings.some((reading) => flaws("", pointer, reading).length === 0);
}

function bodyFlaws(operation: Operation, body: unknown, validate: (value: unknown) => string[]): string[] {
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  if (!schema) return body === undefined || isEmpty(body) ? [] : ["the operation takes no body"];
  if (body === undefined) return [];
  const known =
    "properties" in schema && typeof schema.properties === "object"
      ? Object.keys(schema.properties ?? {})
      : undefined;
  const strange =
    known && typeof body === "object" && body !== null && !Array.isArray(body)
      ? Object.keys(body).filter((key) => !known.includes(key))
      : [];
  return [...strange.map((key) => `unknown field ${key} in the request`), ...validate(body)];
}

function isEmpty(body: unknown): boolean {
  return typeof body === "object" && body !== null && Object.keys(body).length === 0;
}

function responseFlaws(
  { status, responseBody }: Exchange,
  {
    operation,
    root,
    flaws,
    found,
  }: {
    operation: Operation;
    root: string;
    flaws: Flaws;
    found: (thing: Body | Reference, pointer: string) => { at: string; thing: Body };
  },
): string[] {
  const declared = operation.responses[String(status)];
  if (!declared) {
    if (status >= 400) return flaws("response", "/components/schemas/basic-error", responseBody);
    return status >= 300 ? [] : [`status ${status} is not declared`];
  }
  const { at, thing } = found(declared, `${root}/responses/${status}`);
  const schema = thing.content?.["application/json"]?.schema;
  if (!schema)
    return status < 300 && responseBody !== undefined && !isEmpty(responseBody)
      ? ["no body is declared"]
      : [];
  if (responseBody === undefined) return [];
  return flaws("response", `${at}/content/application~1json/schema`, responseBody);
}

function escaped(route: string): string {
  return encodeURIComponent(route.replaceAll("~", "~0").replaceAll("/", "~1"));
}
