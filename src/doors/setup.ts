/**
 * The set-up: where no credentials exist, a page that creates the GitHub App and asks for the Claude key.
 * Nobody gets past its first page without the code printed on the console, wherever they sit; what GitHub
 * brings back counts only in the browser that was sent there.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { getRequestListener } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import type { Clock } from "../clock.ts";
import type { SetUpConfig } from "../config.ts";
import { isProblem } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { createdApp } from "../github/creation.ts";
import { readManifest } from "./manifest.ts";
import { isReachable } from "./reach.ts";
import { type Listening, serve } from "./server.ts";
import { formOf, originOf, show } from "./setup-answer.ts";
import { credentialLines, storeCredentials, tryToStore } from "./setup-credentials.ts";
import { keyProblem, lastingProblem } from "./setup-key.ts";
import { type AppOrder, manifestFor, readOrder, variablesOf } from "./setup-order.ts";
import {
  appPage,
  badKeyPage,
  codePage,
  donePage,
  handOverPage,
  keyPage,
  type Typed,
  troublePage,
} from "./setup-pages.ts";

/** What comes in from outside. */
export interface SetUpOutside {
  clock: Clock;
  random: (bytes: number) => Uint8Array;
  fetch: typeof fetch;
  /** Tells the operator something, on the console. */
  say: (line: string) => void;
}

/** A set-up under way. */
export interface SetUp extends Listening {
  /** Resolves when everything is there and the last page was sent, with the variables that were not stored. */
  finished: Promise<Record<string, string>>;
}

type Bindings = { Bindings: HttpBindings };

const formBytesMax = 64 * 1024;
const troubles = new Map<number, string>([
  [400, "That form cannot be read. Go back and send it again."],
  [403, "This form was not sent by a page of this set-up. Open it again by the address on the console."],
  [404, "There is no such page."],
  [413, "That is more than this form takes. Nothing was done."],
]);
const unforeseen = "Something went wrong on our side. Go back and see how far it has come.";
/** So many sendings of the form may GitHub still answer. */
const askedMax = 8;
const codeBytes = 15;
const cookieBytes = 24;
const printed =
  "\nYour GitHub App's credentials, this once and stored nowhere. Put them into your secret store:\n";
const cookieName = "patchwright_setup";

/**
 * Serves the set-up and prints its code. Throws `refused` when the address cannot be listened on, or nothing
 * can be stored.
 */
export async function openSetUp(config: SetUpConfig, outside: SetUpOutside): Promise<SetUp> {
  await tryToStore(config.credentialsPath);
  const code = Buffer.from(outside.random(codeBytes)).toString("base64url");
  const { promise: finished, resolve: finish } = Promise.withResolvers<Record<string, string>>();
  const steps = new Steps(config, { ...outside, code, finish });
  const listening = await serve(getRequestListener(application(steps).fetch), outside.clock, config.server);
  outside.say(
    `Patchwright is not set up yet. Open ${listening.url}/ and enter this code, good once: ${code}`,
  );
  return { ...listening, finished };
}

function application(steps: Steps): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.onError((error, context) => steps.trouble(context, error));
  app.notFound((context) => steps.trouble(context, new HTTPException(404)));
  app.get("/healthz", (context) => context.text("ok"));
  app.get("/readyz", (context) => context.text("waiting for the set-up", 503));
  app.use(bodyLimit({ maxSize: formBytesMax }));
  app.use(secureHeaders({ xFrameOptions: "DENY", referrerPolicy: "same-origin" }));
  // Another port of this machine is the same site to a browser, and would have its forms sent with our cookie.
  app.use(csrf({ origin: (origin, context) => origin === originOf(context), secFetchSite: "same-origin" }));
  app.get("/", (context) => steps.begin(context));
  app.post("/setup/code", (context) => steps.enter(context));
  app.use("/setup/*", async (context, next) => (steps.isKnown(context) ? next() : context.redirect("/")));
  app.post("/setup/app", (context) => steps.order(context));
  app.get("/setup/created", (context) => steps.created(context));
  app.post("/setup/claude", (context) => steps.key(context));
  return app;
}

/** An App that GitHub was asked for, and the word by which its answer is known. */
interface Asked {
  state: string;
  order: AppOrder;
}

/** How far the set-up has come; there is one browser at most. */
class Steps {
  readonly #config: SetUpConfig;
  readonly #outside: SetUpOutside & { finish: (unstored: Record<string, string>) => void };
  /** Undefined once it was used. */
  #code: string | undefined;
  #cookie: string | undefined;
  /** What GitHub was asked for, the newest last: the form may be sent twice and either App be made. */
  #asked: Asked[] = [];
  /** What is known by now; stored in the file, unless it was printed. */
  #known: Record<string, string>;
  #isPrinted = false;

  constructor(
    config: SetUpConfig,
    { code, ...outside }: SetUpOutside & { code: string; finish: (unstored: Record<string, string>) => void },
  ) {
    this.#config = config;
    this.#outside = outside;
    this.#code = code;
    this.#known = config.stored;
  }

  isKnown(context: Context): boolean {
    return this.#cookie !== undefined && isSame(getCookie(context, cookieName) ?? "", this.#cookie);
  }

  /** The page for what is refused before any step sees it, and for what none of them foresaw. */
  trouble(context: Context, error: unknown): Response | Promise<Response> {
    const status = error instanceof HTTPException ? error.status : 500;
    // What a library throws may quote what was typed.
    if (status === 500) this.#outside.say(`The set-up met an error it does not know: ${nameOf(error)}`);
    context.status(status);
    return show(context, troublePage(troubles.get(status) ?? unforeseen));
  }

  async begin(context: Context): Promise<Response> {
    if (!this.isKnown(context)) return show(context, codePage());
    if (this.#known["APP_ID"] !== undefined) return this.#askForKey(context);
    const blank = { name: "Patchwright", owner: "", host: "", protocol: "https", keep: "file" };
    const typed = { ...blank, ...this.#config.github };
    const here = originOf(context);
    const publicUrl = typed.host !== "" || isReachable(here) ? here : "";
    return this.#askForApp(context, { ...typed, publicUrl }, await this.#keyTrouble());
  }

  /** The environment's public URL wins at the start as well, so no form shows another. */
  #askForApp(context: Context, typed: Typed, trouble?: string): Response | Promise<Response> {
    const { publicUrl } = this.#config.server;
    const shown = { ...typed, publicUrl: publicUrl ?? typed.publicUrl };
    return show(context, appPage(shown, { fixed: publicUrl !== undefined, trouble }));
  }

  async enter(context: Context): Promise<Response> {
    const { code } = await formOf(context);
    if (this.#code === undefined || !isSame(code ?? "", this.#code)) {
      context.status(403);
      return show(context, codePage("That is not the code. A new one is printed at the next start."));
    }
    this.#code = undefined;
    this.#cookie = this.#word();
    const secure = originOf(context).startsWith("https:");
    setCookie(context, cookieName, this.#cookie, { httpOnly: true, sameSite: "Lax", path: "/", secure });
    return context.redirect("/", 303);
  }

  async order(context: Context): Promise<Response> {
    if (this.#known["APP_ID"] !== undefined) return context.redirect("/", 303);
    // The environment wins at the start as well: an App of another server would be of no use.
    const filled = { ...(await formOf(context)), ...this.#config.github };
    const reading = readOrder(filled, this.#config.server.publicUrl);
    if (reading.kind === "wrong") return this.#askForApp(context, reading.typed, reading.why);
    const { order } = reading;
    const trouble = await this.#keyTrouble();
    if (trouble !== undefined) return this.#askForApp(context, order.typed, trouble);
    try {
      // Looked at once more: GitHub shows an App's key only once.
      if (order.typed.keep === "file") await tryToStore(this.#config.credentialsPath);
    } catch (error) {
      return this.#askForApp(context, order.typed, wordsOf(error));
    }
    const state = this.#word();
    this.#asked = [...this.#asked, { state, order }].slice(-askedMax);
    const manifest = JSON.stringify(manifestFor(readManifest(), order, originOf(context)));
    const action = `${order.settingsUrl}?state=${state}`;
    return show(context, handOverPage({ action, manifest }), order.webUrl);
  }

  async created(context: Context): Promise<Response> {
    const { code = "", state = "" } = context.req.query();
    const asked = this.#asked.find((one) => isSame(state, one.state));
    if (!asked || this.#known["APP_ID"] !== undefined) return context.redirect("/", 303);
    // One App is enough: while this one is fetched, and once it is there, no other is.
    const others = this.#asked.filter((one) => one !== asked);
    this.#asked = [];
    const { order } = asked;
    try {
      const { fetch, clock } = this.#outside;
      const app = await createdApp(code, { apiUrl: order.apiUrl, fetch, now: clock.now() });
      this.#isPrinted = order.typed.keep === "print";
      const variables = variablesOf(app, order);
      if (this.#isPrinted) this.#print(variables);
      await this.#keep({ ...variables, APP_URL: app.html_url }).catch((error: unknown) => {
        // The disk has filled up meanwhile, say. The App is there, and nobody tells its key again.
        this.#outside.say(wordsOf(error));
        this.#print(variables);
        this.#isPrinted = true;
        this.#known = { ...this.#known, ...variables, APP_URL: app.html_url };
      });
    } catch (error) {
      const again = isProblem(error, "later")
        ? " Load this page again: GitHub's answer is good for an hour."
        : "";
      // What did not reach GitHub has used nothing up.
      const open = again === "" ? others : [...others, asked];
      this.#asked = [...open, ...this.#asked].slice(-askedMax);
      return this.#askForApp(context, order.typed, `${wordsOf(error)}${again}`);
    }
    return this.#config.claude.apiKey ? this.#askForKey(context) : context.redirect("/", 303);
  }

  /** For the key that is missing yet; with one in the environment, which no typed one would replace, it is the end. */
  async #askForKey(context: Context): Promise<Response> {
    if (!this.#config.claude.apiKey) return show(context, keyPage(this.#isPrinted));
    const trouble = await this.#keyTrouble();
    return trouble === undefined ? this.#end(context) : show(context, badKeyPage(this.#isPrinted, trouble));
  }

  /** Why the service would not start with the environment's Claude key; undefined where nothing is known against it. */
  #keyTrouble(): Promise<string | undefined> {
    return lastingProblem(this.#config.claude, this.#outside.fetch);
  }

  async key(context: Context): Promise<Response> {
    if (this.#known["APP_ID"] === undefined || this.#config.claude.apiKey) return context.redirect("/", 303);
    const { key = "" } = await formOf(context);
    const claude = { ...this.#config.claude, apiKey: new Secret(key.trim()) };
    const problem = await keyProblem(claude, this.#outside.fetch);
    if (problem) return show(context, keyPage(this.#isPrinted, problem.message));
    try {
      await this.#keep({ ANTHROPIC_API_KEY: claude.apiKey.reveal() });
    } catch (error) {
      return show(context, keyPage(this.#isPrinted, wordsOf(error)));
    }
    return this.#end(context);
  }

  /** The last page; once it has left, the service may take the address over. */
  #end(context: Context<Bindings>): Response | Promise<Response> {
    context.env.outgoing.once("close", () => this.#outside.finish(this.#isPrinted ? this.#known : {}));
    context.header("connection", "close");
    return show(context, donePage(this.#known["APP_URL"] ?? "", this.#isPrinted));
  }

  #print(variables: Record<string, string>): void {
    this.#outside.say(`${printed}\n${credentialLines(variables)}\n`);
  }

  /** In the file; or in memory, where the console has shown it. */
  async #keep(values: Record<string, string>): Promise<void> {
    const known = { ...this.#known, ...values };
    if (!this.#isPrinted) await storeCredentials(this.#config.credentialsPath, known);
    this.#known = known;
  }

  #word(): string {
    return Buffer.from(this.#outside.random(cookieBytes)).toString("base64url");
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** Compared by digests of one length, so that time tells nothing. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given.trim()), digest(wanted));
}

function wordsOf(error: unknown): string {
  if (!isProblem(error)) throw error;
  return error.message;
}
