/**
 * Two holders of one run: the second has taken it over, the first comes back and writes on as if it held it.
 * Every write of a holder's is tried on a real store, and none may be taken.
 */
import type { Progress } from "../../src/domain/progress.ts";
import type { Note } from "../../src/domain/run.ts";
import { Secret } from "../../src/domain/secret.ts";
import { ledgerOf } from "../../src/mission/ledger.ts";
import { look } from "../../src/mission/look.ts";
import type { Tools } from "../../src/mission/tools.ts";
import { giveUpPlace, turnOf } from "../../src/mission/turn.ts";
import type { Store } from "../../src/store/database.ts";
import { beginFact, changeWith, forgetFact, writeFact } from "../../src/store/facts.ts";
import { beginNextRound, reopenRound } from "../../src/store/rounds.ts";
import { keepAffordable, keepSettings } from "../../src/store/run-settings.ts";
import { changeRun, Fenced, type HeldRun, holdRun } from "../../src/store/runs.ts";
import { sealWith } from "../../src/store/seal.ts";
import { holdToken, recordToken, tokensOf } from "../../src/store/tokens.ts";
import { beginRun } from "../store/run.ts";

const now = Date.UTC(2026, 10, 22);
const begun = { begunAt: now, triedAt: now };
const seal = sealWith([Buffer.alloc(32, 1)], (bytes) => Buffer.alloc(bytes, 2));
const token = {
  id: "tok_00000000000000000000",
  resource: "sesrsc_1",
  contents: "write",
  minted_at: now,
  expires_at: now + 3_600_000,
} as const;
const note: Omit<Note, "round"> = {
  id: "comment:1",
  kind: "said",
  author: "rita",
  text: "Once more.",
  source: { kind: "comment", id: 1 },
  at: now,
};

/** What the mission's own writes are done with. */
function toolsOf(store: Store, held: HeldRun): Tools {
  const clock = { now: () => now, after: () => () => undefined };
  const engine = { wake: () => Promise.resolve(), knock: () => undefined };
  const agents = { look: (_session: string, progress: Progress) => ({ ...progress, costCents: 100 }) };
  return { store, held, clock, engine, agents, ledger: ledgerOf(store, held, clock) } as unknown as Tools;
}

/** Every write that only the holder of a run may do, by the function that does it. */
export const writes: Record<string, (store: Store, held: HeldRun) => Promise<unknown>> = {
  beginFact: (store, held) => beginFact(store, held, { round: 0, name: "comment", ...begun }),
  writeFact: (store, held) =>
    writeFact(store, held, { round: 0, name: "comment", at: now, value: { id: 1 }, change: { pull: 2 } }),
  forgetFact: (store, held) => forgetFact(store, held, { round: 0, name: "comment" }),
  changeRun: (store, held) => changeRun(store.db, held, { phase: "ended" }),
  changeWith: (store, held) => changeWith(store, held, { head: "0" }, []),
  keepSettings,
  keepAffordable: (store, held) => keepAffordable(store, held, now),
  beginNextRound: (store, held) => beginNextRound(store, held, { notes: [], at: now }),
  reopenRound: (store, held) => reopenRound(store, held, note),
  recordToken: (store, held) => recordToken(store, held, { ...token, seal, token: new Secret("the-token") }),
  holdToken: async (store, held) => {
    const [record] = await tokensOf(store.db, seal, held.run.id);
    if (record) await holdToken(store, held, record, now);
  },
  // The ledger's question whether its holder still is one.
  ledgerOf: (store, held) => toolsOf(store, held).ledger.still(),
  // A look at a session that has cost something.
  look: (store, held) => look(toolsOf(store, held), "session_1", { looked_at: now }),
  // A round that went away asks for a place again.
  turnOf: (store, held) => turnOf(toolsOf(store, { ...held, place: undefined })),
  giveUpPlace: (store, held) => giveUpPlace(toolsOf(store, held), "ended", { phase: "ended" }),
};

/** Tries each write of a holder who was overtaken. Resolves with what was taken, or left something behind. */
export async function staleWrites(store: Store): Promise<string[]> {
  const id = await beginRun(store, now);
  const stale = await holdRun(store.db, id);
  const holder = await holdRun(store.db, id);
  if (!stale || !holder) return ["nobody held the run"];
  // Who holds it can write: what is refused below is refused for its holder's sake.
  await beginFact(store, holder, { round: 0, name: "session", ...begun });
  await recordToken(store, holder, { ...token, id: `${token.id}1`, seal, token: new Secret("another") });
  const before = await writtenIn(store);
  const taken: string[] = [];
  for (const [what, write] of Object.entries(writes)) {
    const error = await write(store, stale).then(
      () => "was taken",
      (thrown: unknown) => (thrown instanceof Fenced ? undefined : `failed otherwise: ${String(thrown)}`),
    );
    if (error !== undefined) taken.push(`${what} of a stale holder ${error}`);
  }
  return (await writtenIn(store)) === before ? taken : [...taken, "a stale holder changed something"];
}

async function writtenIn({ db }: Store): Promise<string> {
  const tables = ["runs", "facts", "tokens", "notes", "journal", "places", "days", "wakes"] as const;
  return JSON.stringify(await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute())));
}
