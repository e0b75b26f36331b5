/**
 * A GitHub to test against: a real HTTP server on loopback that keeps state, signs its deliveries, checks
 * every credential and refuses what GitHub refuses. The product talks to it as to an Enterprise Server.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { Attachments } from "./attachments.ts";
import { privateKey } from "./auth.ts";
import { ok, type Route } from "./call.ts";
import { Courier, type Mishap } from "./deliveries.ts";
import { type Fault, Faults } from "./faults.ts";
import { documentedLimits, Limiter, type LimitOptions } from "./limits.ts";
import { Manifests, manifestRoute } from "./manifests.ts";
import { clientId, clientSecret } from "./payload-account.ts";
import { peopleOf } from "./people.ts";
import { codersOf } from "./people-code.ts";
import { type Observer, Requests } from "./requests.ts";
import { appRoutes } from "./routes-app.ts";
import { checkRoutes } from "./routes-check.ts";
import { commentRoutes } from "./routes-comment.ts";
import { gitRoutes } from "./routes-git.ts";
import { issueRoutes } from "./routes-issue.ts";
import { pullRoutes } from "./routes-pull.ts";
import { repositoryRoutes } from "./routes-repository.ts";
import { searchRoutes } from "./routes-search.ts";
import { userRoutes } from "./routes-user.ts";
import { newAccount, seedsOf } from "./seeds.ts";
import { application } from "./server.ts";
import { SignIns } from "./sign-in.ts";
import { upheavalsOf } from "./upheavals.ts";
import { viewOf } from "./view.ts";
import { noVisitors } from "./visitors.ts";
import { type Account, nextId, type Permissions, type World } from "./world.ts";

/** How to start. */
export interface GitHubOptions {
  clock?: Clock;
  /** 0 (the default) takes a free one. */
  port?: number;
  /** Life of an installation token; an hour when absent. */
  tokenLifeMs?: number;
  webhookUrl?: string;
  /** Below it the bare repositories live; a temporary directory, removed by `stop`, when absent. */
  directory?: string;
  /** Events the App is subscribed to. */
  events?: string[];
  /** Permissions the App asks for; an installation grants them all unless it says otherwise. */
  permissions?: Permissions;
  limits?: Partial<LimitOptions>;
  /** Hears each token as it is handed out: for whoever looks for it everywhere. The GitHub itself keeps hashes. */
  hear?: (token: string) => void;
}

const subscribed = [
  ...["issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment"],
  ...["check_suite", "push", "create", "delete", "repository"],
];

const asked: Permissions = {
  metadata: "read",
  contents: "write",
  issues: "write",
  pull_requests: "write",
  checks: "write",
  actions: "read",
};

/** A running GitHub. */
export type GitHubSim = Awaited<ReturnType<typeof startGitHub>>;

function newWorld({ clock = systemClock, events = subscribed, permissions = asked }: GitHubOptions): World {
  const now = clock.now();
  const slug = "patchwright";
  const account = (login: string, type: Account["type"]): Account => ({
    id: nextId(),
    login,
    type,
    createdAt: now,
  });
  const owner = account("patchwright-makers", "Organization");
  const bot = account(`${slug}[bot]`, "Bot");
  const webhookSecret = randomBytes(32).toString("hex");
  const world: World = {
    clock,
    url: "",
    app: {
      id: nextId(),
      slug,
      owner,
      privateKey: privateKey(),
      webhookSecret,
      bot,
      // Its own: tests take away from them and add to them.
      events: [...events],
      permissions: { ...permissions },
      isPublic: false,
    },
    accounts: new Map([owner, bot].map((each) => [each.login.toLowerCase(), each])),
    installations: new Map(),
    repositories: new Map(),
    formerNames: new Map(),
    tokens: new Map(),
    visitors: noVisitors(),
    tokenLag: { unknownMs: 0, forbiddenMs: 0 },
    emit: () => {},
    render: () => ({}),
  };
  newAccount(world, "github-actions[bot]", "Bot");
  return world;
}

/** Starts a GitHub with no accounts but the App's own; seed it through what is returned. */
export async function startGitHub(options: GitHubOptions = {}) {
  const world = newWorld(options);
  const { clock, app } = world;
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "github-sim-")));
  const requests = new Requests();
  const faults = new Faults();
  const limiter = new Limiter(clock, { ...documentedLimits, ...options.limits });
  const courier = new Courier({ clock, app, hookId: nextId(), webhookUrl: options.webhookUrl });
  world.emit = courier.emit;
  const attachments = new Attachments(world);
  world.render = (post) => attachments.rendered(post);
  let tokenLifeMs = options.tokenLifeMs ?? 3_600_000;
  const manifests = new Manifests(world, courier);
  const signIns = new SignIns(world);
  const routes: Route[] = [
    manifestRoute(manifests),
    ...appRoutes({ courier, tokenLifeMs: () => tokenLifeMs, hear: options.hear ?? (() => undefined) }),
    ...userRoutes,
    ...repositoryRoutes,
    ...issueRoutes,
    ...searchRoutes,
    ...commentRoutes,
    ...pullRoutes,
    ...checkRoutes,
    ...gitRoutes,
    rateLimitRoute(limiter),
  ];
  const behind = { routes, requests, faults, limiter, manifests, attachments, signIns };
  const { fetch } = application({ world, ...behind });
  const server = await listening(fetch, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  world.url = `http://${host}`;

  return {
    ...{ url: world.url, host },
    /** The App under test and the secrets its owner holds. */
    app: {
      ...app,
      botId: app.bot.id,
      botLogin: app.bot.login,
      clientId: clientId(app),
      clientSecret: clientSecret(app),
    },
    /** Every request so far, oldest first. */
    log: requests.log,
    /** Every look at an attached picture, oldest first. */
    attachmentLog: attachments.log,
    /** Uploads a picture as somebody does who writes a text, and returns its address. */
    attach: (repository: string, bytes: Buffer): string => attachments.add(repository, bytes),
    /** Every attempt at a delivery so far, oldest first. */
    deliveries: courier.log,
    /** Requests being answered and deliveries being sent, without those that only wait for the clock. */
    busy: (): number => requests.active + courier.sending,
    /** Where deliveries go from now on. */
    setWebhook: (url: string | undefined): void => {
      courier.webhookUrl = url;
    },
    /** The App's owner changes the secret deliveries are signed with. */
    setWebhookSecret: (secret: string): void => {
      app.webhookSecret = secret;
    },
    /** The App's owner lets everybody install it, or its own account only. */
    setPublic: (isPublic: boolean): void => {
      app.isPublic = isPublic;
    },
    /** Where browsers may be sent back to after a sign-in. */
    setCallbackUrls: (urls: string[]): void => {
      world.visitors.callbackUrls = urls;
    },
    /** Seconds that tokens of people live from now on; 0: for ever, without refresh. */
    setVisitorTokenLife: (seconds: number): void => {
      signIns.lifeSeconds = seconds;
    },
    /** Tokens of people that are alive. */
    visitorTokens: (): number =>
      [...world.visitors.tokens.values()].filter(({ expiresAt }) => clock.now() < expiresAt).length,
    /** Refresh tokens of people that would bring another token. */
    visitorRefreshes: (): number => signIns.refreshes(),
    /** A person takes back what the App may do for them. */
    revokeVisitor: (login: string): void => {
      for (const [hash, { account }] of world.visitors.tokens)
        if (account.login === login) world.visitors.tokens.delete(hash);
    },
    /** Sends a delivery again; resolves once it is answered. */
    redeliver: (guid: string) => courier.redeliver(guid),
    /** Troubles the next matching deliveries. */
    disturb: (mishap: Mishap): void => courier.trouble(mishap),
    /** Troubles the matching requests; returns a function that ends it. */
    fault: (fault: Fault): (() => void) => faults.add(fault),
    /** Ends all faults and mishaps. */
    heal: (): void => {
      faults.clear();
      courier.heal();
    },
    /** Watches requests before and after their effect; returns a function that ends it. */
    onRequest: (observer: Observer): (() => void) => requests.observe(observer),
    /** Life of tokens minted from now on. */
    setTokenLife: (ms: number): void => {
      tokenLifeMs = ms;
    },
    /** A token younger than `unknownMs` answers 401, then for `forbiddenMs` 403, as while GitHub's replicas catch up. */
    setTokenLag: (lag: { unknownMs: number; forbiddenMs: number }): void => {
      world.tokenLag = lag;
    },
    /** Switches the limits on content creation. */
    setSecondaryLimits: (isOn: boolean): void => limiter.limitContent(isOn),
    ...seedsOf(world, directory),
    ...peopleOf(world),
    ...codersOf(world),
    ...upheavalsOf(world),
    ...viewOf(world),
    /** Closes the server and removes its temporary directory. */
    async stop(): Promise<void> {
      await courier.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (!options.directory) await rm(directory, { recursive: true, force: true });
    },
  };
}

function listening(fetch: Parameters<typeof serve>[0]["fetch"], port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = serve({ fetch, port, hostname: "127.0.0.1" }, () => resolve(server as Server));
  });
}

function rateLimitRoute(limiter: Limiter): Route {
  return {
    method: "GET",
    template: "/rate_limit",
    as: "anyone",
    answer: ({ caller }) => {
      const rate = limiter.state(
        caller.kind === "installation" ? `installation ID ${caller.installation.id}` : caller.kind,
      );
      return ok({ resources: { core: rate, search: { ...rate, limit: 30, used: 0, remaining: 30 } }, rate });
    },
  };
}
