/** What `once` remembers of an attempt that came to no result, and how long it trusts that its holder still is one. */
import { expect, test } from "vitest";
import { Problem, type ProblemDetail } from "../../src/domain/errors.ts";
import { ledgerOf } from "../../src/mission/ledger.ts";
import { Fenced, holdRun } from "../../src/store/runs.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { withRun } from "../store/run.ts";

const callMs = 30_000;

/** One attempt that takes `callMs` and throws a `later`; then others until one makes. Resolves with what those did. */
async function afterFailing(
  detail: ProblemDetail,
  fact: "note n" | "question q" = "note n",
): Promise<string[]> {
  const clock = new VirtualClock();
  const { store, id } = await withRun(clock.now());
  const began = clock.now();
  const did: string[] = [];
  const attempt = async (make: () => Promise<{ id: string }>) => {
    const held = await holdRun(store.db, id);
    if (!held) throw new Error("no run");
    const find = async (begunAt: number) => void did.push(`looks from ${begunAt - began}`);
    return ledgerOf(store, held, clock).once(fact, { find, make });
  };
  const failing = attempt(async () => {
    await clock.advance(callMs);
    throw new Problem("later", "unreachable", "It could not be reached.", detail);
  });
  await expect(failing).rejects.toMatchObject({ code: "unreachable" });
  const again = () =>
    attempt(async () => {
      did.push("makes");
      return { id: "1" };
    });
  await again().catch(async ({ code, retryAfterMs }: Problem) => {
    did.push(`${code} for ${retryAfterMs}`);
    await clock.advance(retryAfterMs ?? 0);
    await again();
  });
  await store.close();
  return did;
}

test("an attempt whose effect is unknown is looked for, from when it was given up, for ten seconds", async () => {
  const look = `looks from ${callMs}`;
  expect(await afterFailing({})).toEqual([look, "act_unsettled for 10000", look, "makes"]);
});

test("an attempt that certainly had no effect is made again without a look", async () => {
  expect(await afterFailing({ undone: true })).toEqual(["makes"]);
});

test("of a question, which people may answer from the first attempt on, too, the ten seconds are the last one's", async () => {
  const look = "looks from 0";
  expect(await afterFailing({}, "question q")).toEqual([look, "act_unsettled for 10000", look, "makes"]);
});

/**
 * A holder gives a sign of life every five seconds and loses its run ten after the last: overtaken it may be from
 * five seconds after a write on, no matter how well that went.
 */
test.each([5_000, 10_000])("who was overtaken %i ms after its last write acts no more", async (sinceMs) => {
  const clock = new VirtualClock();
  const { store, id } = await withRun(clock.now());
  const held = await holdRun(store.db, id);
  if (!held) throw new Error("no run");
  const ledger = ledgerOf(store, held, clock);
  await ledger.write("note a", { id: "1" });
  await clock.advance(sinceMs);
  await holdRun(store.db, id);
  const did: string[] = [];
  const act = async () => {
    did.push("makes");
    return { id: "2" };
  };
  // An act that is its own look is preceded by no write, which would be fenced by itself.
  await expect(ledger.once("note b", { find: act, make: act })).rejects.toBeInstanceOf(Fenced);
  expect(did).toEqual([]);
  await store.close();
});
