/**
 * S25: three days of an installation whose requests ask for several times what its day allows. Runs spend up to
 * their budgets and, now and then, one step more, which is all the platform lets them overshoot.
 */
import { defaultSettings } from "../../../src/domain/settings.ts";
import { openStore } from "../../../src/store/database.ts";
import { noteSpent, placeOf, spentToday } from "../../../src/store/days.ts";
import { admitRound, leavePlace } from "../../../src/store/limits.ts";
import { Disk } from "../../store/disk.ts";
import type { Figure, Measured } from "./figure.ts";

const dayCents = 20_000;
const stepCents = 25;
const hours = 72;
const asksAnHour = 40;
const hourMs = 3_600_000;
const start = Date.UTC(2026, 10, 22);

/** A run at work: what it may still spend, with the step it may overshoot by. */
interface Spender {
  run: string;
  spent: number;
  most: number;
}

async function measure(): Promise<Measured> {
  const store = await openStore({ kind: "lent", connection: new Disk().open() });
  const place = { installation: 1, repositoryId: 1, owner: "acme" };
  const limits = {
    ...defaultSettings.limits,
    budget_usd_per_day: dayCents / 100,
    active_runs: 60,
    runs_per_day: 10_000,
  };
  const settings = { ...defaultSettings, limits };
  const at = (run: string, now: number) => ({ run, round: 1, place, settings, spentCents: 0, now });
  const chance = chanceFrom(7);
  let alive: Spender[] = [];
  let [started, refused, over, most] = [0, 0, 0, 0];
  for (let hour = 0; hour < hours; hour += 1) {
    const now = start + hour * hourMs;
    for (let ask = 0; ask < asksAnHour; ask += 1) {
      const run = `run-${hour}-${ask}`;
      await store.db.transaction().execute((tx) => admitRound(tx, at(run, now)));
      if ((await placeOf(store.db, run))?.state !== "held") {
        refused += 1;
        continue;
      }
      started += 1;
      alive.push({ run, spent: 0, most: settings.budget_usd * 100 + (chance() < 0.1 ? stepCents : 0) });
      const today = await spentToday(store.db, 1, now);
      if (today.spent + today.setAside > dayCents) over += 1;
    }
    for (const spender of alive) {
      spender.spent = Math.min(spender.most, spender.spent + Math.floor(chance() * 300));
      await store.db
        .transaction()
        .execute((tx) => noteSpent(tx, { ...at(spender.run, now), spentCents: spender.spent }));
      if (spender.spent < spender.most && chance() < 0.6) continue;
      await store.db.transaction().execute((tx) => leavePlace(tx, at(spender.run, now), "ended"));
      spender.spent = spender.most;
    }
    alive = alive.filter(({ spent, most: all }) => spent < all);
    most = Math.max(most, (await spentToday(store.db, 1, now)).spent);
  }
  await store.close();
  const words = `${started} runs started, ${refused} refused; ${over} starts beyond the cap; at most $${(most / 100).toFixed(2)} of $${dayCents / 100} spent in a day`;
  return { words, met: over === 0 && started > 0 && most <= dayCents + stepCents * 60 };
}

/** A small generator of chance that repeats (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Money of a day. */
export const dayMoney: Figure = {
  id: "S25",
  what: "starts beyond the day's money, under four times as many requests as it allows",
  target: "0; a run overshoots by one step at most",
  measure,
};
