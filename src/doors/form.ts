/**
 * A form as a browser sends it. What a field means is the page's business; where forms are limited in size, that is
 * seen to before.
 */
import type { Context } from "hono";

/** The fields that are texts; undefined where the body is no form that could be read, such as one without its boundary. */
export async function textFields({ req }: Context): Promise<Record<string, string> | undefined> {
  // Read beforehand: what breaks on the way is not the form's fault.
  await req.arrayBuffer();
  const body = await req.parseBody().catch(() => undefined);
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
  return body && Object.fromEntries(Object.entries(body).filter(isText));
}
