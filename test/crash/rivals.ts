/**
 * What no story with one process shows: a change whose process stood still on its way out, a holder who was overtaken
 * while he thought, two deliveries that owe one reply, and a run whose alarm rings long after the story. Each resolves
 * with what is wrong.
 */
import { createGate } from "../../src/agent/gate.ts";
import { repeatable } from "../../src/domain/act.ts";
import { Secret } from "../../src/domain/secret.ts";
import { replyOnce } from "../../src/doors/replies.ts";
import { createGitHub } from "../../src/github/client.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import { ledgerOf } from "../../src/mission/ledger.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { beginReply } from "../../src/store/replies.ts";
import { holdRun } from "../../src/store/runs.ts";
import { noTraces } from "../../src/traces.ts";
import { staleWrites } from "../contract/stale-holder.ts";
import { conversation } from "../doors/slow-conversation.ts";
import { privateKey } from "../sim/github/auth.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { Disk } from "../store/disk.ts";
import { withRun } from "../store/run.ts";
import { play } from "./play.ts";
import { shop } from "./scene.ts";
import { labelled, opened, type Story, work } from "./story.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const newStore = () => openStore({ kind: "lent", connection: new Disk().open() });

/** Settles a promise and says what it threw, by its code; empty when it did not. */
const thrown = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "",
    (error: Error & { code?: string }) => error.code ?? error.name,
  );

/** A change for the Claude platform waits for the store, and the process stands still there. */
async function lateToClaude(): Promise<string[]> {
  const [clock, store] = [new VirtualClock(), await newStore()];
  const slow: Pick<Store, "together"> = {
    together: async (write) => {
      const granted = await store.together(write);
      await clock.advance(minuteMs);
      return granted;
    },
  };
  let sent = 0;
  const fetch = async () => {
    sent += 1;
    return Response.json({});
  };
  const call = createGate(clock, { ...store, ...slow })(fetch);
  await call("https://api.example.com/v1/sessions/s/events", { method: "POST" });
  await store.close();
  return sent === 0 ? [] : ["a change left for the Claude platform a minute late"];
}

/** A change for GitHub waits for a token, and the process stands still there. */
async function lateToGitHub(): Promise<string[]> {
  const clock = new VirtualClock();
  let sent = 0;
  const fetch = async (input: string | URL | Request) => {
    const isMint = String(input instanceof Request ? input.url : input).endsWith("/access_tokens");
    if (isMint) await clock.advance(minuteMs);
    else sent += 1;
    const expires_at = new Date(clock.now() + hourMs).toISOString();
    return Response.json({ id: 1, token: "ghs_1", expires_at, permissions: {} }, { status: 201 });
  };
  const app = { id: 1, privateKey: new Secret(privateKey()), webhookSecrets: [] };
  const config = { app, github: { webUrl: "https://github.com", apiUrl: "https://api.example.com" } };
  const [log, metrics] = [createLogger("silent"), createMetrics()];
  const github = createGitHub({ config, clock, fetch, log, metrics, traces: noTraces });
  const place = { owner: "acme", repo: "shop", issue_number: 1 };
  const code = await thrown(github.of(1).rest.issues.createComment({ ...place, body: "Hello." }));
  const late = sent === 0 ? [] : ["a change left for GitHub a minute late"];
  return code === "github_call_late" ? late : [...late, `it threw ${code || "nothing"}`];
}

/** A holder thinks for a minute, and another takes the run over; what he would repeat is not done. */
async function heldNoMore(): Promise<string[]> {
  const clock = new VirtualClock();
  const { store, id } = await withRun(clock.now());
  const held = await holdRun(store.db, id);
  if (!held) return ["nobody held the run"];
  const ledger = ledgerOf(store, held, clock);
  await ledger.change({});
  await clock.advance(minuteMs);
  await holdRun(store.db, id);
  let acts = 0;
  const act = repeatable(async () => {
    acts += 1;
  });
  const name = await thrown(ledger.once("interrupt", act));
  await store.close();
  const done = acts === 0 ? [] : ["who holds the run no more went on"];
  return name === "Fenced" ? done : [...done, `it threw ${name || "nothing"}`];
}

/** Two deliveries owe one reply: at the same moment, and after an attempt of which nobody knows what came of it. */
async function twoReplies(): Promise<string[]> {
  const flaws: string[] = [];
  for (const isOld of [false, true]) {
    const [clock, store] = [new VirtualClock(), await newStore()];
    const { github, posted } = conversation();
    const reply = { key: "refused:2:3:9", text: "No.", since: clock.now() };
    const place = { installation: 1, repositoryId: 2, owner: "acme", repo: "shop", issue: 3 };
    if (isOld) await beginReply(store.db, { ...reply, repositoryId: 2 }, clock.now());
    await clock.advance(minuteMs);
    const say = () => thrown(replyOnce({ github, store, clock }, place, reply));
    const codes = await Promise.all([say(), say()]);
    await clock.advance(minuteMs);
    codes.push(await say());
    if (posted.length !== 1)
      flaws.push(`${posted.length} replies ${isOld ? "after an old attempt" : "at once"}`);
    if (codes.toSorted().join() !== ",,reply_begun") flaws.push(`they threw ${codes.join()}`);
    await store.close();
  }
  return flaws;
}

/** A run at rest whose session is kept for a day. */
const kept: Story = {
  name: "kept",
  prepare: ({ github }) =>
    github.pushCommit(shop, "main", {
      files: { ".github/patchwright.yml": "limits: { session_days: 1 }\n" },
      by: "rita",
    }),
  // Its caretaker comes by rarely: a day is long.
  env: { PATCHWRIGHT_POLL_MS: "3600000", PATCHWRIGHT_SWEEP_MS: "3600000" },
  script: work,
  acts: [labelled],
  ends: opened,
  points: 0,
};

/** Nobody comes back to a run at rest: its own alarm archives the session when its days are over. */
async function atRest(): Promise<string[]> {
  const archived: boolean[] = [];
  const { flaws } = await play(kept, [], {
    encore: async ({ clock, claude }) => {
      for (const hours of [22, 3]) {
        await clock.advance(hours * hourMs);
        archived.push(claude.sessions.every(({ archivedAt }) => archivedAt !== null));
      }
    },
  });
  if (archived[0]) return ["the session was archived before its time"];
  if (!archived[1]) return ["the session of a run at rest outlived its days", ...flaws];
  return flaws.filter((flaw) => !flaw.startsWith("the session is archived"));
}

/** The checks, by name. */
export const rivals = {
  overtaken: async () => staleWrites(await newStore()),
  "late to Claude": lateToClaude,
  "late to GitHub": lateToGitHub,
  "held no more": heldNoMore,
  "two replies": twoReplies,
  "at rest": atRest,
};
