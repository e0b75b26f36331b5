/**
 * `/v1/environments`: where sandboxes run. Names are unique; an environment in use cannot be deleted.
 */
import type {
  BetaCloudConfig,
  BetaEnvironment,
  EnvironmentCreateParams,
  EnvironmentUpdateParams,
} from "@anthropic-ai/sdk/resources/beta/environments";
import { Hono } from "hono";
import { z } from "zod";
import { numberOf } from "./ids.ts";
import { cutPage } from "./page.ts";
import { flag, pageParams, readBody, readNothing, readQuery } from "./query.ts";
import { invalid, Refusal } from "./refusal.ts";
import { metadata, metadataPatch, patched } from "./shapes.ts";
import { timestamp, type World } from "./world.ts";

const listParams = { ...pageParams(1000), include_archived: flag };

const names = z.array(z.string().min(1)).nullable().exactOptional();
const host = z.string().regex(/^(\*\.)?[a-z0-9.-]+$/i, "a bare host name, `*.` allowed in front");
const toggle = z.boolean().nullable().exactOptional();
const networking = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("unrestricted") }),
  z.strictObject({
    type: z.literal("limited"),
    allowed_hosts: z.array(host).nullable().exactOptional(),
    allow_mcp_servers: toggle,
    allow_package_managers: toggle,
  }),
]);
const packages = z.strictObject({
  type: z.literal("packages").exactOptional(),
  apt: names,
  cargo: names,
  gem: names,
  go: names,
  npm: names,
  pip: names,
});
const cloud = z.strictObject({
  type: z.literal("cloud"),
  networking: networking.nullable().exactOptional(),
  packages: packages.nullable().exactOptional(),
});
const config = z.discriminatedUnion("type", [cloud, z.strictObject({ type: z.literal("self_hosted") })]);
const rest = {
  config: config.nullable().exactOptional(),
  description: z.string().nullable().exactOptional(),
  scope: z.enum(["organization", "account"]).nullable().exactOptional(),
};
const name = z.string().min(1).max(256);

const environmentCreate = z.strictObject({
  ...rest,
  name,
  metadata: metadata.exactOptional(),
}) satisfies z.ZodType<EnvironmentCreateParams>;
const environmentUpdate = z.strictObject({
  ...rest,
  name: name.nullable().exactOptional(),
  metadata: metadataPatch.exactOptional(),
}) satisfies z.ZodType<EnvironmentUpdateParams>;

function resolved(given: z.infer<typeof config> | null | undefined): BetaEnvironment["config"] {
  if (given?.type === "self_hosted") return given;
  const network = given?.networking ?? { type: "unrestricted" };
  const wanted = given?.packages ?? {};
  const list = (key: "apt" | "cargo" | "gem" | "go" | "npm" | "pip") => wanted[key] ?? [];
  const complete: BetaCloudConfig["packages"] = {
    type: "packages",
    apt: list("apt"),
    cargo: list("cargo"),
    gem: list("gem"),
    go: list("go"),
    npm: list("npm"),
    pip: list("pip"),
  };
  if (network.type === "unrestricted") return { type: "cloud", networking: network, packages: complete };
  const limited = {
    type: "limited" as const,
    allowed_hosts: network.allowed_hosts ?? [],
    allow_mcp_servers: network.allow_mcp_servers ?? false,
    allow_package_managers: network.allow_package_managers ?? false,
  };
  if (
    !limited.allow_package_managers &&
    Object.values(complete).some((held) => Array.isArray(held) && held.length > 0)
  )
    throw invalid("config.packages: limited networking needs allow_package_managers for packages");
  return { type: "cloud", networking: limited, packages: complete };
}

/** The environment, for those who need it alive. Throws 404, or 400 for an archived one. */
export function liveEnvironment(world: World, id: string): BetaEnvironment {
  const environment = lookUp(world, id);
  if (environment.archived_at !== null)
    throw invalid(`environment ${id} is archived`, "environment_archived");
  return environment;
}

function lookUp(world: World, id: string): BetaEnvironment {
  const environment = world.environments.get(id);
  if (!environment) throw new Refusal(404, `environment ${id} not found`, { code: "environment_not_found" });
  return environment;
}

function checkName(world: World, wanted: string, own?: string): void {
  const taken = [...world.environments.values()].some(
    (one) => one.name === wanted && one.id !== own && one.archived_at === null,
  );
  if (taken) throw new Refusal(409, `an environment named ${wanted} exists`);
}

/** Routes of environments. */
export function environmentRoutes(world: World): Hono {
  return new Hono()
    .post("/v1/environments", async (c) => {
      readQuery(c, {});
      const body = await readBody(c, environmentCreate);
      checkName(world, body.name);
      const now = timestamp(world);
      const environment: BetaEnvironment = {
        type: "environment",
        id: world.ids("env"),
        name: body.name,
        description: body.description ?? null,
        metadata: body.metadata ?? {},
        scope: body.scope ?? "organization",
        config: resolved(body.config),
        created_at: now,
        updated_at: now,
        archived_at: null,
      };
      world.environments.set(environment.id, environment);
      return c.json(environment);
    })
    .get("/v1/environments", (c) => {
      const query = readQuery(c, listParams);
      const items = [...world.environments.values()].filter(
        (one) => query.include_archived || one.archived_at === null,
      );
      const key = (one: BetaEnvironment) => numberOf(one.id);
      const cut = cutPage({ items, key, order: "desc", limit: query.limit ?? 20, page: query.page });
      return c.json({ data: cut.data, next_page: cut.next_page });
    })
    .get("/v1/environments/:id", (c) => {
      readQuery(c, {});
      return c.json(lookUp(world, c.req.param("id")));
    })
    .post("/v1/environments/:id", async (c) => {
      readQuery(c, {});
      const environment = liveEnvironment(world, c.req.param("id"));
      const body = await readBody(c, environmentUpdate);
      if (body.name) checkName(world, body.name, environment.id);
      if (body.config && body.config.type !== environment.config.type)
        throw invalid("config.type cannot change", "invalid_config_type_change");
      Object.assign(environment, {
        name: body.name ?? environment.name,
        description: body.description === undefined ? environment.description : body.description,
        config: body.config ? resolved(body.config) : environment.config,
        metadata: patched(environment.metadata, body.metadata),
        ...(body.scope ? { scope: body.scope } : {}),
        updated_at: timestamp(world),
      } satisfies Partial<BetaEnvironment>);
      return c.json(environment);
    })
    .post("/v1/environments/:id/archive", async (c) => {
      await readNothing(c);
      readQuery(c, {});
      const environment = liveEnvironment(world, c.req.param("id"));
      environment.archived_at = timestamp(world);
      return c.json(environment);
    })
    .delete("/v1/environments/:id", (c) => {
      readQuery(c, {});
      const { id } = lookUp(world, c.req.param("id"));
      if ([...world.sessions.values()].some((session) => session.environmentId === id))
        throw invalid(`environment ${id} is in use`);
      world.environments.delete(id);
      return c.json({ id, type: "environment_deleted" });
    });
}
