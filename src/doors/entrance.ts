/**
 * The doors of the running service, each bound to what it needs, as the server serves them. Every answer to
 * a webhook is counted here.
 */
import type Anthropic from "@anthropic-ai/sdk";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { OAuth } from "../github/visitor-token.ts";
import { type Logger, seldom } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { census } from "../store/census.ts";
import type { Store } from "../store/database.ts";
import type { Inbox } from "../store/deliveries.ts";
import { hasRunSince } from "../store/listing.ts";
import type { Seal } from "../store/seal.ts";
import { takeWebhook } from "./claude.ts";
import { createDashboard } from "./dashboard/dashboard.ts";
import { takeDelivery } from "./github.ts";
import { createLabelMemory } from "./label-memory.ts";
import { mayRead } from "./metrics-page.ts";
import type { Answer, ServerParts } from "./server.ts";
import { hearSettingsPush } from "./settings-push.ts";
import type { IntakeParts } from "./verdict.ts";

/** What stands behind the doors. */
export interface Behind {
  config: Config;
  store: Store;
  box: Inbox;
  client: Anthropic;
  /** What carries out what people ask for. */
  intake: IntakeParts;
  seal: Seal;
  random: (bytes: number) => Uint8Array;
  /** The App's sign-in; undefined where nobody signs in. */
  oauth: OAuth | undefined;
  /** Where people see a session at the platform. */
  sessionUrl: (session: string) => string;
  /** Wakes the run of a session. */
  knock: (session: string) => Promise<void>;
  /** Undefined while ready, else the reason. */
  unready: ServerParts["unready"];
  metrics: Metrics;
  log: Logger;
  clock: Clock;
}

/** How late word of a push may come: one that its run has just left behind is heard yet. */
const lateWordMs = 10 * 60_000;
/** Warnings that strangers can cause come no more often. */
const strangersMs = 10_000;

/** What the server serves. */
export function entrance(behind: Behind): ServerParts {
  const { config, store, box, client, knock, unready, metrics, log, clock } = behind;
  const warn = seldom(log, clock, strangersMs);
  const counted = async (door: "github" | "claude", answering: Promise<Answer>) => {
    // What is thrown is answered 500 by the server.
    const status = (of: number) => metrics.answers.inc({ door, status: of });
    const answer = await answering.catch((error: unknown) => {
      status(500);
      throw error;
    });
    status(answer.status);
    return answer;
  };
  const hasRun = (repositoryId: number) =>
    hasRunSince(store.db, { repositoryId, since: clock.now() - lateWordMs });
  const labels = createLabelMemory({ rulebook: behind.intake.rulebook, clock });
  const pushed = async (payload: unknown) => {
    await hearSettingsPush(store.db, payload);
    labels.forget();
  };
  const github = { config, box, hasRun, pushed, labels, log, warn, metrics, clock };
  return {
    github: (request) => counted("github", takeDelivery(github, request)),
    ...(config.claude.webhookKey
      ? { claude: (request) => counted("claude", takeWebhook({ client, knock, warn, metrics }, request)) }
      : {}),
    metrics: async (visitor) =>
      mayRead(visitor, config.server.metricsToken, config.server.publicUrl)
        ? { type: metrics.contentType, text: await metrics.text(await census(store.db), clock.now()) }
        : undefined,
    pages: createDashboard(behind),
    unready,
    log,
    clock,
  };
}
