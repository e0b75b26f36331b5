/** The stores, each held to the suite they share, and what PostgreSQL promises besides. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/database.ts";
import { type Inbox, inbox } from "../../src/store/deliveries.ts";
import { Disk } from "../store/disk.ts";
import { cuttableWay, freshDatabase, serverUrl } from "../store/server.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("a file", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "patchwright-store-"));
  return {
    open: () => openStore({ kind: "embedded", dataDir, clock: systemClock }),
    close: async () => rmSync(dataDir, { recursive: true }),
  };
});

storeSuite("memory", async () => {
  const disk = new Disk();
  return {
    open: () => openStore({ kind: "lent", connection: disk.open() }),
    close: async () => undefined,
  };
});

describe.skipIf(!serverUrl)("on PostgreSQL", () => {
  storeSuite("PostgreSQL", async () => {
    const { url, drop } = await freshDatabase();
    return { open: () => openStore({ kind: "postgres", url }), close: drop };
  });

  test("replicas that start together on an empty database all get in", async () => {
    const { url, drop } = await freshDatabase();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ kind: "postgres", url })));
    await Promise.all(stores.map((store) => store.check()));
    await Promise.all(stores.map((store) => store.close()));
    await drop();
  });

  test("replicas that are sent the same deliveries in opposite orders store each once, and refuse none", async () => {
    const { url, drop } = await freshDatabase();
    const stores = await Promise.all([1, 2].map(() => openStore({ kind: "postgres", url })));
    const bell = { wake: async () => undefined, knock: () => undefined };
    const [one, other] = stores.map((store) => inbox(store, bell, systemClock));
    const ids = Array.from({ length: 40 }, (_, place) => `delivery-${String(place).padStart(2, "0")}`);
    const appendAll = (to: Inbox | undefined, order: string[], round: number) =>
      order.map((id) => to?.append({ id: `${id}-${round}`, event: "issues", body: "{}" }));
    for (let round = 0; round < 40; round += 1) {
      const told = await Promise.all([
        ...appendAll(one, ids, round),
        ...appendAll(other, ids.toReversed(), round),
      ]);
      expect(told.filter((appended) => appended === "new")).toHaveLength(ids.length);
    }
    await Promise.all(stores.map((store) => store.close()));
    await drop();
  });

  test("a lost connection is `later`, and the next statement finds another", async () => {
    const { url, drop } = await freshDatabase();
    const way = await cuttableWay(url);
    const store = await openStore({ kind: "postgres", url: way.url });
    const sleeping = sql`select pg_sleep(20)`.execute(store.db);
    const told = expect(sleeping).rejects.toMatchObject({ kind: "later", code: "store_unavailable" });
    await store.check();
    way.cut();
    await told;
    await expect(store.check()).rejects.toMatchObject({ kind: "later", code: "store_unavailable" });
    const within = store.db.transaction().execute((tx) => tx.selectFrom("memos").selectAll().execute());
    await expect(within).rejects.toMatchObject({ kind: "later" });
    way.mend();
    await store.check();
    await store.close();
    way.close();
    await drop();
  });

  test("a wrong password is refused and a wrong database named, without the address", async () => {
    const url = new URL(serverUrl ?? "");
    url.password = "open-sesame";
    url.pathname = "no_such_database";
    const opening = openStore({ kind: "postgres", url: url.href });
    await expect(opening).rejects.toMatchObject({ kind: "refused", code: "store_denied" });
    await expect(opening).rejects.not.toThrow(/sesame|no_such/);
  });
});

test("a PostgreSQL that does not answer is told without its password", async () => {
  const opening = openStore({ kind: "postgres", url: "postgres://app:open-sesame@127.0.0.1:1/app" });
  await expect(opening).rejects.toMatchObject({ kind: "later", code: "store_unavailable" });
  await expect(opening).rejects.toThrow(/ECONNREFUSED.*DATABASE_URL/);
  await expect(opening).rejects.not.toThrow("sesame");
});
