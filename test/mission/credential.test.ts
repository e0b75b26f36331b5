/**
 * Tokens of a session that mounts several repositories: each resource has its own, by its own id. The store
 * and the seal are real; GitHub and the agent backend only remember what they are asked.
 */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { Problem } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { TokenScope } from "../../src/github/token.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import { keepFresh, releaseTokens } from "../../src/mission/credential.ts";
import { Strays } from "../../src/mission/strays.ts";
import type { Tools } from "../../src/mission/tools.ts";
import { Fenced, holdRun } from "../../src/store/runs.ts";
import { sealWith } from "../../src/store/seal.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { withRun } from "../store/run.ts";
import { rowsOf } from "../stories/verdict.ts";

const minute = 60_000;
const resources = { "acme/shop": "sesrsc_shop", "acme/lib": "sesrsc_lib" };
const session = { id: "sesn_1", budgetCents: 500, resources };
const shopOnly = { ...session, resources: { "acme/shop": "sesrsc_shop" } };
const nameOf = (token: Secret) => token.reveal().replace("the-token-", "");

/** The credential's tools, and everything it did: `mint t1`, `hand t1 to sesrsc_shop`, `revoke t1`. */
async function scene() {
  const clock = new VirtualClock();
  const { store, disk, id } = await withRun(clock.now());
  const held = await holdRun(store.db, id);
  const did: string[] = [];
  const scopes: string[] = [];
  let minted = 0;
  const installation = { data: { id: held?.run.place.installation } };
  const repository = (repo: string) => ({
    full_name: `acme/${repo}`,
    id: repo === "lib" ? 3 : 2,
    private: false,
  });
  const repos = { get: async ({ repo }: { repo: string }) => ({ data: repository(repo) }) };
  const github = {
    app: { rest: { apps: { getRepoInstallation: async () => installation } } },
    of: () => ({ rest: { repos } }),
    mint: async ({ repositoryId, permissions }: TokenScope) => {
      minted += 1;
      did.push(`mint t${minted}`);
      scopes.push(`${repositoryId} ${permissions?.contents}`);
      const at = clock.now();
      return { token: new Secret(`the-token-t${minted}`), mintedAt: at, expiresAt: at + 60 * minute };
    },
    revoke: async (token: Secret) => void did.push(`revoke ${nameOf(token)}`),
  };
  const agents = {
    handOver: async (_session: string, given: { id: string; token: Secret }) =>
      void did.push(`hand ${nameOf(given.token)} to ${given.id}`),
  };
  const log = createLogger("silent", { write: () => undefined });
  const seal = sealWith([randomBytes(32)], randomBytes);
  // The cast: the credential uses no more of its tools than these.
  const rooms = { clock, store, github, agents, log, seal, random: randomBytes, metrics: createMetrics() };
  const strays = new Strays();
  const repositories = { permission: async () => ({ permission: "read", role_name: "read" }) };
  const besides = { name: "besides 1", value: [{ name: "acme/lib", repositoryId: 3 }], at: clock.now() };
  const ledger = { still: async () => undefined, all: () => [besides], read: () => undefined };
  const tools = { ...rooms, strays, repositories, held, ledger } as unknown as Tools;
  return { clock, disk, tools, did, scopes };
}

test("each resource gets a token of its own, and it is replaced by the resource's own id", async () => {
  const { clock, tools, did, scopes } = await scene();
  const due = await keepFresh(tools, session);
  const first = ["mint t1", "hand t1 to sesrsc_shop", "mint t2", "hand t2 to sesrsc_lib"];
  expect(did.splice(0)).toEqual(first);
  expect(scopes).toEqual(["2 write", "3 read"]);
  expect(due - clock.now()).toBe(39 * minute);
  await clock.advance(39 * minute);
  await keepFresh(tools, session);
  const second = ["mint t3", "hand t3 to sesrsc_shop", "mint t4", "hand t4 to sesrsc_lib"];
  expect(did.splice(0)).toEqual(second);
  await clock.advance(minute);
  await keepFresh(tools, session);
  expect(did.splice(0)).toEqual(["revoke t1", "revoke t2"]);
  await releaseTokens(tools);
  expect(did.toSorted()).toEqual(["revoke t3", "revoke t4"]);
});

test("at rest tokens are sealed", async () => {
  const { disk, tools } = await scene();
  await keepFresh(tools, session);
  const rows = rowsOf(disk, "tokens");
  expect(rows).toHaveLength(2);
  for (const { sealed } of rows) {
    expect(String(sealed).length).toBeGreaterThan(40);
    expect(Buffer.from(String(sealed), "base64").toString("latin1")).not.toContain("the-token");
  }
});

test("nothing is left of tokens once they are given back", async () => {
  const { disk, tools, did } = await scene();
  await keepFresh(tools, session);
  await releaseTokens(tools);
  expect(did.slice(-2)).toEqual(["revoke t1", "revoke t2"]);
  expect(rowsOf(disk, "tokens")).toEqual([]);
});

test("a hand-over that fails leaves the old token alone and gives the same new one the next time", async () => {
  const { clock, tools, did } = await scene();
  await keepFresh(tools, shopOnly);
  await clock.advance(39 * minute);
  const whole = tools.agents.handOver;
  tools.agents.handOver = () => Promise.reject(new Error("unreachable"));
  await expect(keepFresh(tools, session)).rejects.toThrow("unreachable");
  tools.agents.handOver = whole;
  await keepFresh(tools, shopOnly);
  expect(did).toEqual(["mint t1", "hand t1 to sesrsc_shop", "mint t2", "hand t2 to sesrsc_shop"]);
});

test("a token that can only read is replaced as soon as the agent may push", async () => {
  const { tools, did, scopes } = await scene();
  const { run } = tools.held;
  run.settings = { ...run.settings, plan: true };
  await keepFresh(tools, shopOnly);
  run.settings = { ...run.settings, plan: false };
  await keepFresh(tools, shopOnly);
  expect(scopes).toEqual(["2 read", "2 write"]);
  expect(did.at(-1)).toBe("hand t2 to sesrsc_shop");
  await releaseTokens(tools);
  expect(did.slice(-2).toSorted()).toEqual(["revoke t1", "revoke t2"]);
});

/** A scene whose store answers the next transaction with an error, before it or after its commit. */
async function failing(when: "before" | "after", error: unknown) {
  const made = await scene();
  const { store } = made.tools;
  const transaction = store.db.transaction.bind(store.db);
  store.db.transaction = () => {
    store.db.transaction = transaction;
    const begun = transaction();
    const execute = begun.execute.bind(begun);
    begun.execute = async (work) => {
      if (when === "after") await execute(work);
      throw error;
    };
    return begun;
  };
  await expect(keepFresh(made.tools, shopOnly)).rejects.toBe(error);
  return made;
}

const full = new Problem("later", "store_full", "The disk is full.");

test("a token that could not be written down is given back, as often as it takes", async () => {
  const { clock, tools, did } = await failing("before", full);
  const { revoke } = tools.github;
  tools.github.revoke = () => Promise.reject(new Problem("later", "github_down", "GitHub is down."));
  await clock.advance(minute);
  await tools.strays.settle(tools);
  tools.github.revoke = revoke;
  await tools.strays.settle(tools);
  await tools.strays.settle(tools);
  expect(did).toEqual(["mint t1", "revoke t1"]);
});

test("a token that was written down all the same is used", async () => {
  const { clock, tools, did } = await failing("after", full);
  await clock.advance(minute);
  await tools.strays.settle(tools);
  await keepFresh(tools, shopOnly);
  expect(did).toEqual(["mint t1", "hand t1 to sesrsc_shop"]);
});

test("a token of a run that was taken over meanwhile is given back at once", async () => {
  const { did } = await failing("before", new Fenced("overtaken"));
  expect(did).toEqual(["mint t1", "revoke t1"]);
});
