/**
 * Creating the App from a manifest: the page that shows a person what is asked for, the way back with a
 * one-time code, the code's exchange for credentials, and the page that installs the App. There is one App
 * here, so creating it gives the one there is the manifest's permissions, events and webhook.
 */
import { Hono } from "hono";
import { html } from "hono/html";
import { z } from "zod";
import { created, param, type Reply, type Route } from "./call.ts";
import type { Courier } from "./deliveries.ts";
import { type Env, exchange, type Gate, type HonoContext } from "./gate.ts";
import { appJson, clientSecret } from "./payload-account.ts";
import { notFound, Refusal, unprocessable } from "./refusal.ts";
import { seedsOf } from "./seeds.ts";
import { accountOf, nextId, type World } from "./world.ts";

const manifestShape = z.strictObject({
  name: z.string().min(1).max(34),
  url: z.url(),
  description: z.string().optional(),
  hook_attributes: z.strictObject({ url: z.url(), active: z.boolean().optional() }),
  redirect_url: z.url(),
  callback_urls: z.array(z.url()).max(10).optional(),
  setup_url: z.url().optional(),
  public: z.boolean().optional(),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
  default_events: z.array(z.string()),
});

type Manifest = z.infer<typeof manifestShape>;

/** A code is good once and for an hour (GitHub's documentation of manifests). */
const codeMs = 3_600_000;

/** Manifests on their way. */
export class Manifests {
  readonly #world: World;
  readonly #courier: Courier;
  readonly #shown = new Map<string, { manifest: Manifest; state: string }>();
  readonly #codes = new Map<string, { manifest: Manifest; until: number }>();

  constructor(world: World, courier: Courier) {
    this.#world = world;
    this.#courier = courier;
  }

  /** Takes a manifest in; returns what a person's agreement refers to. */
  show(text: string, state: string): { id: string; manifest: Manifest } {
    const read = manifestShape.safeParse(parsed(text));
    if (!read.success) throw unprocessable(`Invalid manifest: ${z.prettifyError(read.error)}`);
    const id = `manifest-${nextId()}`;
    this.#shown.set(id, { manifest: read.data, state });
    return { id, manifest: read.data };
  }

  /** A person agrees. Returns where their browser goes with the code. */
  agree(id: string): string {
    const shown = this.#shown.get(id);
    if (!shown) throw notFound();
    this.#shown.delete(id);
    const code = `code-${nextId()}`;
    this.#codes.set(code, { manifest: shown.manifest, until: this.#world.clock.now() + codeMs });
    const back = new URL(shown.manifest.redirect_url);
    back.searchParams.set("code", code);
    if (shown.state !== "") back.searchParams.set("state", shown.state);
    return back.href;
  }

  /** The App for a code. */
  convert(code: string): Reply {
    const known = this.#codes.get(code);
    this.#codes.delete(code);
    if (!known || known.until < this.#world.clock.now()) throw notFound();
    const { manifest } = known;
    const { app } = this.#world;
    app.permissions = manifest.default_permissions;
    app.events = manifest.default_events;
    app.isPublic = manifest.public ?? true;
    this.#world.visitors.callbackUrls = manifest.callback_urls ?? [];
    this.#courier.webhookUrl = manifest.hook_attributes.url;
    const secrets = { client_secret: clientSecret(app), webhook_secret: app.webhookSecret };
    return created({ ...appJson(this.#world, app), ...secrets, pem: app.privateKey });
  }
}

/** The exchange, as the API has it. */
export function manifestRoute(manifests: Manifests): Route {
  return {
    method: "POST",
    template: "/app-manifests/{code}/conversions",
    as: "anyone",
    answer: (call) => manifests.convert(param(call, "code")),
  };
}

/** The pages a person sees on the way, without a sign-in. */
export function manifestPages(around: Gate, manifests: Manifests): Hono<Env> {
  const app = new Hono<Env>();
  const about = { route: "manifest page", createsContent: false };
  const take = (context: HonoContext) =>
    exchange(around, context, about, async () => {
      const owner = context.req.param("org");
      if (owner !== undefined && accountOf(around.world, owner)?.type !== "Organization") throw notFound();
      const { manifest: text } = await context.req.parseBody();
      if (typeof text !== "string") throw new Refusal(400, "manifest is missing");
      const { id, manifest } = manifests.show(text, context.req.query("state") ?? "");
      const page = await html`<!doctype html><title>Create GitHub App</title><h1>${manifest.name}</h1>
<form method="post" action="/settings/apps/${id}"><button>Create GitHub App</button></form>`;
      return pageOf(page);
    });
  app.post("/settings/apps/new", take);
  app.post("/organizations/:org/settings/apps/new", take);
  app.get("/apps/:slug/installations/new", (context) =>
    exchange(around, context, about, async () => {
      const { slug } = around.world.app;
      if (context.req.param("slug") !== slug) throw notFound();
      const accounts = [...around.world.accounts.values()].filter(({ type }) => type === "Organization");
      const forms = accounts.map(
        ({ login }) =>
          html`<form method="post"><button name="account" value="${login}">Install on ${login}</button></form>`,
      );
      return pageOf(
        await html`<!doctype html><title>Install ${slug}</title><h1>Install ${slug}</h1>${forms}`,
      );
    }),
  );
  app.post("/apps/:slug/installations/new", (context) =>
    exchange(around, context, about, async () => {
      const { account } = await context.req.parseBody();
      if (accountOf(around.world, String(account))?.type !== "Organization") throw notFound();
      seedsOf(around.world, "").install(String(account));
      return pageOf(
        await html`<!doctype html><title>Installed</title><h1>Installed on ${String(account)}</h1>`,
      );
    }),
  );
  app.post("/settings/apps/:id", (context) =>
    exchange(around, context, about, async () => ({
      reply: { status: 302, headers: { location: manifests.agree(context.req.param("id")) } },
    })),
  );
  return app;
}

function pageOf(page: unknown): { reply: Reply } {
  return { reply: { status: 200, raw: { type: "text/html", bytes: Buffer.from(String(page)) } } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "Problems parsing JSON");
  }
}
