/**
 * A run's session while people are waited for, while its budget changes and at rest. The store and the ledger
 * are real; GitHub and the agent backend only remember what they are asked.
 */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { Problem } from "../../src/domain/errors.ts";
import { createLogger } from "../../src/log.ts";
import { createMetrics } from "../../src/metrics.ts";
import { farewell } from "../../src/mission/closing.ts";
import { ledgerOf } from "../../src/mission/ledger.ts";
import { currentSession, keepBudget } from "../../src/mission/session.ts";
import type { Tools } from "../../src/mission/tools.ts";
import { holdRun } from "../../src/store/runs.ts";
import { sealWith } from "../../src/store/seal.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { withRun } from "../store/run.ts";

const hour = 3_600_000;
const session = { id: "sesn_1", budgetCents: 500, resources: { "acme/shop": "sesrsc_shop" } };

/** A run whose session is open, and everything that is asked of others. `refusal`: what the platform throws. */
async function scene(refusal?: Problem) {
  const clock = new VirtualClock();
  const { store, id } = await withRun(clock.now());
  const held = await holdRun(store.db, id);
  if (!held) throw new Error("no run");
  const ledger = ledgerOf(store, held, clock);
  await ledger.write("session", session);
  held.run.session = session.id;
  const said: string[] = [];
  const trouble = { now: refusal };
  const asked = async (what: string) => {
    if (trouble.now) throw trouble.now;
    said.push(what);
  };
  const agents = {
    archive: (session: string) => asked(`archive ${session}`),
    setBudget: (_session: string, cents: number) => asked(`budget ${cents}`),
  };
  const createComment = async ({ body }: { body: string }) => {
    said.push(body.split("\n")[0] ?? "");
    return { data: { id: 1, html_url: "" } };
  };
  const github = { of: () => ({ rest: { issues: { createComment } } }) };
  const log = createLogger("silent");
  const seal = sealWith([randomBytes(32)], randomBytes);
  const rooms = { clock, store, github, agents, log, seal, metrics: createMetrics() };
  // The cast: a session is kept with no more of the tools than these.
  const tools = { ...rooms, held, ledger, config: {} } as unknown as Tools;
  return { clock, tools, said, trouble, run: held.run };
}

test("a session whose days are over while people are waited for is followed by none", async () => {
  const { clock, tools, said, run } = await scene();
  run.settings.limits.session_days = 1;
  run.progress = { ...run.progress, calls: [{ id: "call_1", name: "ask_maintainer", input: {} }] };
  await tools.ledger.write("question call_1", { id: 1, url: "" });
  await clock.advance(25 * hour);
  expect(await currentSession(tools)).toEqual(session);
  expect(said).toEqual([]);
});

const refused = new Problem("refused", "claude_billing", "There is a billing problem.");

test("at rest a session that nobody goes on with is archived as soon as the platform lets it go", async () => {
  const { clock, tools, said, trouble, run } = await scene(refused);
  Object.assign(run, { phase: "resting", pull: 2, ending: { kind: "stopped", why: "asked" } });
  expect(await farewell(tools)).toBe(clock.now() + hour);
  trouble.now = undefined;
  await clock.advance(hour);
  expect(await farewell(tools)).toBeUndefined();
  expect(said).toEqual(["archive sesn_1"]);
});

test("at rest after a pull request was opened the session is kept for its days", async () => {
  const { clock, tools, said, run } = await scene();
  const opened = { kind: "opened", pull: 2, url: "" };
  Object.assign(run, { phase: "resting", pull: 2, ending: opened });
  expect(await farewell(tools)).toBe(clock.now() + run.settings.limits.session_days * 24 * hour);
  expect(said).toEqual([]);
});

test.each([
  ["claude_budget_spent", "The run has cost more than $4.00 already: the budget stays $5.00."],
  ["claude_409", "The Claude platform did not take a budget of $4.00: it stays $5.00."],
])("a budget that is refused as %s is told as that", async (code, words) => {
  const { tools, said, run } = await scene(new Problem("fault", code, "No."));
  run.settings = { ...run.settings, budget_usd: 4 };
  await keepBudget(tools, session);
  expect(said).toEqual([words]);
  expect(run.settings.budget_usd).toBe(5);
});
