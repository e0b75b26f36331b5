/**
 * The App's own endpoints: installations, tokens, its webhook and the log of its deliveries.
 * Authenticated by JWT, except where an installation token speaks about itself.
 */
import { z } from "zod";
import { holds, type Permission, reaches } from "./access.ts";
import { mint } from "./auth.ts";
import { bodyOf, type Call, created, listed, noContent, ok, param, type Reply, type Route } from "./call.ts";
import type { Courier, Delivery } from "./deliveries.ts";
import { appJson, installationJson } from "./payload-account.ts";
import { fullRepositoryJson, repositoryJson } from "./payload-repository.ts";
import { notFound, Refusal, unprocessable } from "./refusal.ts";
import {
  accountOf,
  covers,
  type Installation,
  isoTime,
  type Json,
  type Permissions,
  type Repository,
  repositoryOf,
} from "./world.ts";

/** What these routes need besides the world. */
export interface AppRouteOptions {
  courier: Courier;
  tokenLifeMs: () => number;
  /** Hears each token as it is handed out. */
  hear: (token: string) => void;
}

const tokenBody = z.object({
  repositories: z.array(z.string()).max(500).optional(),
  repository_ids: z.array(z.int()).max(500).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write", "admin"])).optional(),
});

/** GitHub keeps deliveries for three days. */
const deliveriesKeptMs = 3 * 24 * 3_600_000;

/** Routes of the App. */
export function appRoutes({ courier, tokenLifeMs, hear }: AppRouteOptions): Route[] {
  const app = (method: Route["method"], template: string, answer: Route["answer"]): Route => ({
    method,
    template,
    as: "app",
    answer,
  });
  const one = (call: Call, installation: Installation | undefined): Reply => {
    if (!installation) throw notFound();
    return ok(installationJson(call.world, installation));
  };
  const onAccount = (call: Call, login = "") => {
    const account = accountOf(call.world, login);
    return one(
      call,
      [...call.world.installations.values()].find((each) => each.account === account),
    );
  };
  return [
    app("GET", "/app", (call) =>
      ok({ ...appJson(call.world, call.world.app), installations_count: call.world.installations.size }),
    ),
    {
      method: "GET",
      template: "/apps/{app_slug}",
      as: "anyone",
      answer: (call) => {
        const { app: own } = call.world;
        const isSeen = own.isPublic || call.caller.kind !== "anonymous";
        if (param(call, "app_slug") !== own.slug || !isSeen) throw notFound();
        return ok(appJson(call.world, own));
      },
    },
    {
      method: "GET",
      template: "/meta",
      as: "anyone",
      answer: () => ok({ verifiable_password_authentication: false, hooks: ["127.0.0.0/8"] }),
    },
    app("GET", "/app/installations", (call) =>
      listed(call, [...call.world.installations.values()], (each) => installationJson(call.world, each)),
    ),
    app("GET", "/app/installations/{installation_id}", (call) => one(call, installationOf(call))),
    app("GET", "/orgs/{org}/installation", (call) => onAccount(call, param(call, "org"))),
    app("GET", "/users/{username}/installation", (call) => onAccount(call, param(call, "username"))),
    app("GET", "/repos/{owner}/{repo}/installation", (call) =>
      one(
        call,
        [...call.world.installations.values()].find((each) => covers(each, call.repository)),
      ),
    ),
    app("POST", "/app/installations/{installation_id}/access_tokens", (call) =>
      mintToken(call, tokenLifeMs(), hear),
    ),
    app("GET", "/app/hook/config", () => ok(hookConfig(courier))),
    app("GET", "/app/hook/deliveries", (call) => deliveriesPage(call, courier)),
    app("GET", "/app/hook/deliveries/{delivery_id}", (call) =>
      ok(deliveryJson(call, deliveryOf(call, courier))),
    ),
    app("POST", "/app/hook/deliveries/{delivery_id}/attempts", (call) => {
      void courier.redeliver(deliveryOf(call, courier).guid);
      return { status: 202, body: {} };
    }),
    { method: "DELETE", template: "/installation/token", answer: revoke },
    {
      method: "GET",
      template: "/installation/repositories",
      needs: ["metadata:read"],
      answer: repositoriesInReach,
    },
  ];
}

function installationOf(call: Call): Installation | undefined {
  return call.world.installations.get(Number(param(call, "installation_id")));
}

function mintToken(call: Call, lifeMs: number, hear: (token: string) => void): Reply {
  const { world } = call;
  const installation = installationOf(call);
  if (!installation) throw notFound();
  if (installation.suspendedAt !== undefined) throw new Refusal(403, "This installation has been suspended");
  const body = bodyOf(call, tokenBody);
  const repositories = wanted(call, body, installation);
  const permissions = permissionsWanted(body.permissions, installation);
  const repositoryIds = repositories?.map((each) => each.id);
  const { secret, token } = mint(world, { installation, repositoryIds, permissions, lifeMs });
  hear(secret);
  return created({
    token: secret,
    expires_at: isoTime(token.expiresAt),
    permissions,
    repository_selection: repositories ? "selected" : installation.selection,
    ...(repositories && { repositories: repositories.map((each) => repositoryJson(world, each)) }),
  });
}

function wanted(
  call: Call,
  body: z.infer<typeof tokenBody>,
  installation: Installation,
): Repository[] | undefined {
  if (!body.repositories && !body.repository_ids) return undefined;
  const { world } = call;
  const found = [
    ...(body.repository_ids ?? []).map((id) => world.repositories.get(id)),
    ...(body.repositories ?? []).map((name) => repositoryOf(world, installation.account.login, name)),
  ];
  if (found.length === 0) throw unprocessable("At least one repository must be given.");
  return [...new Set(found)].map((repository) => {
    if (repository && covers(installation, repository)) return repository;
    throw unprocessable(
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  });
}

function permissionsWanted(wantedSet: Permissions | undefined, installation: Installation): Permissions {
  if (!wantedSet) return { ...installation.permissions };
  for (const [name, level] of Object.entries(wantedSet)) {
    const asked: Permission = `${name}:${level === "read" ? "read" : "write"}`;
    if (!holds(installation.permissions, asked)) {
      throw unprocessable("The permissions requested are not granted to this installation.");
    }
  }
  return { metadata: "read", ...wantedSet };
}

function revoke(call: Call): Reply {
  if (call.caller.kind === "installation") call.caller.token.revokedAt = call.world.clock.now();
  return noContent;
}

function repositoriesInReach(call: Call): Reply {
  const { world, caller } = call;
  if (caller.kind !== "installation") throw notFound();
  const all = [...world.repositories.values()].filter((each) => reaches(caller, each));
  const page = listed(call, all, (each) => fullRepositoryJson(world, each, caller));
  const selection = caller.token.repositoryIds ? "selected" : caller.installation.selection;
  return {
    ...page,
    body: { total_count: all.length, repository_selection: selection, repositories: page.body },
  };
}

function hookConfig(courier: Courier): Json {
  return {
    content_type: "json",
    insecure_ssl: "0",
    secret: "********",
    ...(courier.webhookUrl && { url: courier.webhookUrl }),
  };
}

function isKept(call: Call, { at, statusCode }: Delivery): boolean {
  return at >= call.world.clock.now() - deliveriesKeptMs && statusCode !== 0;
}

function kept(call: Call, courier: Courier): Delivery[] {
  return courier.log.filter((each) => isKept(call, each)).sort((one, other) => other.id - one.id);
}

function deliveryOf(call: Call, courier: Courier): Delivery {
  const delivery = courier.log.find((each) => each.id === Number(param(call, "delivery_id")));
  if (!delivery || !isKept(call, delivery)) throw notFound();
  return delivery;
}

/** Newest first; `cursor` is the id of the last delivery seen, opaque to the caller. */
function deliveriesPage(call: Call, courier: Courier): Reply {
  const { query } = call;
  const status = query.get("status");
  if (status !== null && !["success", "failure"].includes(status)) throw unprocessable("Invalid status");
  const cursor = query.get("cursor");
  const before =
    cursor === null ? Number.POSITIVE_INFINITY : Number(/^v1_(\d+)$/.exec(cursor)?.[1] ?? Number.NaN);
  if (Number.isNaN(before)) throw new Refusal(400, "Invalid cursor");
  const size = Math.min(Number(query.get("per_page") ?? 30) || 30, 100);
  const left = kept(call, courier)
    .filter((each) => status === null || each.statusCode < 400 === (status === "success"))
    .filter((each) => each.id < before);
  const page = left.slice(0, size);
  const next = new URLSearchParams(query);
  next.set("cursor", `v1_${page.at(-1)?.id ?? 0}`);
  const headers: Record<string, string> =
    left.length > size ? { link: `<${call.world.url}${call.path}?${next}>; rel="next"` } : {};
  return { status: 200, body: page.map(deliveryItemJson), headers };
}

function deliveryItemJson(delivery: Delivery): Json {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: isoTime(delivery.at),
    redelivery: delivery.redelivery,
    duration: delivery.durationMs / 1000,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

function deliveryJson(call: Call, delivery: Delivery): Json {
  return {
    ...deliveryItemJson(delivery),
    url: `${call.world.url}/hook`,
    request: { headers: delivery.requestHeaders, payload: delivery.payload },
    response: { headers: delivery.responseHeaders, payload: delivery.responseBody },
  };
}
