/**
 * The App as `app.yml` asks for it: what the set-up creates and the doctor compares with.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const shape = z.looseObject({
  name: z.string(),
  description: z.string(),
  url: z.string(),
  public: z.boolean(),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
  default_events: z.array(z.string()),
});

/** The manifest, in GitHub's own words. */
export type Manifest = z.infer<typeof shape>;

/** What of the manifest's permissions is not among these, in words; empty when nothing is missing. */
export function missingPermissions(
  { default_permissions: wanted }: Pick<Manifest, "default_permissions">,
  has: Record<string, string>,
): string {
  const missing = Object.entries(wanted).filter(
    ([name, level]) => has[name] !== level && has[name] !== "write",
  );
  return permissionsText(missing);
}

/** Permissions in words. */
export function permissionsText(some: [string, string][]): string {
  return some.map(([name, level]) => `${name}: ${level}`).join(", ");
}

/** Reads `app.yml`, which comes with the code. */
export function readManifest(): Manifest {
  return shape.parse(parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")));
}
