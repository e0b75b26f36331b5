/**
 * Pictures people drop into a text: kept on the web host, shown to everybody in public repositories and in private
 * ones only through the signed address that the rendering of the text holds for five minutes.
 * Rendering does pictures alone: that is all the App under test reads of it.
 */
import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { Env } from "./gate.ts";
import { somewhere } from "./seeds.ts";
import type { Json, Post, Repository, World } from "./world.ts";

/** A picture that was dropped into a text. */
export interface Attachment {
  repository: Repository;
  bytes: Buffer;
}

/** A look at the web host. */
export interface AttachmentRequest {
  path: string;
  status: number;
  /** What was sent as `Authorization` or `Cookie`; nothing should be. */
  credentials: string | undefined;
}

const signatureMs = 5 * 60_000;

/** Attachments over a world. */
export class Attachments {
  readonly #world: World;
  readonly #kept = new Map<string, Attachment>();
  /** Every look at one, oldest first. */
  readonly log: AttachmentRequest[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Uploads a picture and returns the address that goes into the text. */
  add(repository: string, bytes: Buffer): string {
    const digest = createHash("sha256").update(`${this.#kept.size}`).update(bytes).digest("hex");
    const name = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
    this.#kept.set(name, { repository: somewhere(this.#world, repository), bytes });
    return `${this.#world.url}/user-attachments/assets/${name}`;
  }

  /** What the web host answers at an address of a text. */
  open(context: Context<Env>): Response {
    const name = context.req.param("name") ?? "";
    const held = this.#kept.get(name);
    if (!held || held.repository.private) return this.#answer(context, context.text("Not Found", 404));
    return this.#answer(context, context.redirect(this.#signed(name), 302));
  }

  /** What the store answers at a signed address. */
  fetch(context: Context<Env>): Response {
    const name = context.req.param("name") ?? "";
    const held = this.#kept.get(name);
    const [until = "", signature = ""] = (context.req.query("token") ?? "").split(".");
    const isGood = signature === this.#sign(name, until) && Number(until) > this.#world.clock.now();
    if (!held || !isGood) return this.#answer(context, context.text("", 404));
    return this.#answer(context, new Response(new Uint8Array(held.bytes)));
  }

  /** A text as GitHub renders it for a reader who may see it. */
  rendered({ body }: Pick<Post, "body">): Json {
    const html = body.replace(/\/user-attachments\/assets\/([\w-]+)/g, (given, name: string) =>
      this.#kept.has(name) ? this.#signed(name).slice(this.#world.url.length) : given,
    );
    const shown = html
      .replaceAll("&", "&amp;")
      .replace(/!\[[^\]]*\]\(([^)\s]+)\)/g, '<a target="_blank" href="$1"><img src="$1" alt="image"></a>');
    return { body_html: `<p>${shown}</p>`, body_text: body };
  }

  #signed(name: string): string {
    const until = String(this.#world.clock.now() + signatureMs);
    return `${this.#world.url}/storage/user/1/files/${name}?token=${until}.${this.#sign(name, until)}&v=1`;
  }

  #sign(name: string, until: string): string {
    return createHash("sha256").update(`${this.#world.app.webhookSecret} ${name} ${until}`).digest("hex");
  }

  #answer(context: Context<Env>, response: Response): Response {
    const credentials = context.req.header("authorization") ?? context.req.header("cookie");
    this.log.push({ path: new URL(context.req.url).pathname, status: response.status, credentials });
    return response;
  }
}
