/**
 * Reads what a request says: bracketed query parameters and a JSON body, both strictly.
 * Anything not named by the shape is refused with 400 and the list of what would have been valid.
 */
import type { Context } from "hono";
import { z } from "zod";
import { invalid, Refusal } from "./refusal.ts";

const bodyBytesMax = 32 * 1024 * 1024;

/** Parameters of a plain list; `limit` as text, since a query holds nothing else. */
export const pageParams = (limitMax: number) => ({
  limit: z.coerce.number().int().min(1).max(limitMax).exactOptional(),
  page: z.string().exactOptional(),
});

/** `true` or `false` as the query spells it. */
export const flag = z
  .enum(["true", "false"])
  .transform((text) => text === "true")
  .exactOptional();

/** A point in time as RFC 3339 text, read as milliseconds since the epoch. */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .exactOptional();

/** The four comparisons of a date filter. */
export const createdAt = {
  "created_at[gt]": moment,
  "created_at[gte]": moment,
  "created_at[lt]": moment,
  "created_at[lte]": moment,
};

/** Does this time pass the date filter? A missing time passes only an empty filter. */
export function passes(
  atMs: number | undefined,
  filter: {
    "created_at[gt]"?: number;
    "created_at[gte]"?: number;
    "created_at[lt]"?: number;
    "created_at[lte]"?: number;
  },
): boolean {
  const {
    "created_at[gt]": gt,
    "created_at[gte]": gte,
    "created_at[lt]": lt,
    "created_at[lte]": lte,
  } = filter;
  if (atMs === undefined)
    return gt === undefined && gte === undefined && lt === undefined && lte === undefined;
  return (
    (gt === undefined || atMs > gt) &&
    (gte === undefined || atMs >= gte) &&
    (lt === undefined || atMs < lt) &&
    (lte === undefined || atMs <= lte)
  );
}

const schemas = new WeakMap<z.ZodRawShape, z.ZodObject<z.ZodRawShape, z.core.$strict>>();
const emptyShape = {};

/** The schema of a shape, made once: a shape that is built anew for each request costs more than its reading. */
function schemaOf<S extends z.ZodRawShape>(given: S): z.ZodObject<S, z.core.$strict> {
  const shape = Object.keys(given).length === 0 ? emptyShape : given;
  const schema = schemas.get(shape) ?? z.strictObject(shape);
  schemas.set(shape, schema);
  // The cast: the map holds under each shape the schema of that shape.
  return schema as z.ZodObject<S, z.core.$strict>;
}

/** The query, arrays under their bracketed name (`types[]`). Refuses unknown, unbracketed or repeated ones. */
export function readQuery<S extends z.ZodRawShape>(
  c: Context,
  shape: S,
): z.infer<z.ZodObject<S, z.core.$strict>> {
  const values: Record<string, string | string[]> = {};
  for (const [name, value] of new URL(c.req.url).searchParams) {
    const held = values[name];
    if (!name.endsWith("[]")) {
      if (held !== undefined) throw invalid(`${name}: given twice`);
      values[name] = value;
    } else if (Array.isArray(held)) held.push(value);
    else values[name] = [value];
  }
  const read = schemaOf(shape).safeParse(values);
  if (read.success) return read.data;
  const valid = Object.keys(shape).join(", ") || "none";
  throw invalid(`query: ${complaint(read.error)} (valid parameters: ${valid})`);
}

/** The JSON body in the given shape. Refuses (400) everything else, 413 above 32 MiB. */
export async function readBody<S extends z.ZodType>(c: Context, shape: S): Promise<z.infer<S>> {
  const text = await c.req.text();
  if (text.length > bodyBytesMax) throw new Refusal(413, "request exceeds 32 MB");
  if (!c.req.header("content-type")?.startsWith("application/json"))
    throw invalid("content-type must be application/json");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid("the request body is not valid JSON");
  }
  const read = shape.safeParse(json);
  if (read.success) return read.data;
  throw invalid(complaint(read.error));
}

/** Refuses a body where none belongs; an empty object passes. */
export async function readNothing(c: Context): Promise<void> {
  const text = await c.req.text();
  if (text !== "" && text !== "{}") throw invalid("this request takes no body");
}

function complaint(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue ? `${issue.path.map(String).join(".") || "body"}: ${issue.message}` : "invalid request";
}
