/**
 * Installation tokens in the life of a run, sealed. A row is written before its token is handed to anyone
 * and goes when the token is revoked or has expired; what is here is what may still be alive. The journal
 * keeps the course of it.
 */
import type { Kysely } from "kysely";
import type { Journaled, TokenStep } from "../domain/journal.ts";
import type { Secret } from "../domain/secret.ts";
import type { Store } from "./database.ts";
import { writeJournal } from "./journal.ts";
import { changeRun, type HeldRun } from "./runs.ts";
import type { Db, Schema, TokenRow } from "./schema.ts";
import type { Seal } from "./seal.ts";

/** A token of a run; its secret is opened only where it is used. */
export type TokenRecord = Omit<TokenRow, "sealed"> & {
  /** Undefined when no key opens it: then it can only be left to expire. */
  open(): Secret | undefined;
};

/** Writes a fresh token down, before anybody is given it. */
export async function recordToken(
  store: Store,
  held: HeldRun,
  {
    seal,
    token,
    ...row
  }: Pick<TokenRow, "id" | "resource" | "contents" | "minted_at" | "expires_at"> & {
    seal: Seal;
    token: Secret;
  },
): Promise<TokenRecord> {
  const sealed = seal.seal(token, { runId: held.run.id, resource: row.resource, tokenId: row.id });
  const record = { ...row, run_id: held.run.id, state: "recorded", held_at: null, retired_at: null } as const;
  await store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, {});
    await tx
      .insertInto("tokens")
      .values({ ...record, sealed })
      .execute();
    await writeJournal(tx, held.run.id, [stepOf(record, "minted", row.minted_at)]);
  });
  return { ...record, open: () => token };
}

/** Is a token written down, whatever has become of it? */
export async function isRecorded(db: Db, id: string): Promise<boolean> {
  return (await db.selectFrom("tokens").select("id").where("id", "=", id).executeTakeFirst()) !== undefined;
}

/** All tokens of a run, oldest first. */
export async function tokensOf(db: Db, seal: Seal, run: string): Promise<TokenRecord[]> {
  const rows = await db
    .selectFrom("tokens")
    .selectAll()
    .where("run_id", "=", run)
    .orderBy("minted_at")
    .execute();
  return rows.map(({ sealed, ...row }) => ({
    ...row,
    open: () => seal.open(sealed, { runId: run, resource: row.resource, tokenId: row.id }),
  }));
}

/** Writes that a token is in use and that all others of its resource are not any more. */
export async function holdToken(store: Store, held: HeldRun, token: TokenRecord, at: number): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    await changeRun(tx, held, {});
    await tx
      .updateTable("tokens")
      .set({ state: "retired", retired_at: at })
      .where("run_id", "=", held.run.id)
      .where("resource", "=", token.resource)
      .where("id", "!=", token.id)
      .where("state", "!=", "retired")
      .execute();
    await tx.updateTable("tokens").set({ state: "held", held_at: at }).where("id", "=", token.id).execute();
    await writeJournal(tx, held.run.id, [stepOf(token, "handed over", at)]);
  });
}

/** Forgets a token that is dead since `at`. */
export async function dropToken(
  db: Kysely<Schema>,
  token: Pick<TokenRow, "id" | "run_id" | "resource" | "contents" | "expires_at">,
  { step, at }: { step: "revoked" | "expired"; at: number },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom("tokens").where("id", "=", token.id).execute();
    await writeJournal(tx, token.run_id, [stepOf(token, step, at)]);
  });
}

function stepOf(
  { id, resource, contents, expires_at }: Pick<TokenRow, "id" | "resource" | "contents" | "expires_at">,
  step: TokenStep,
  at: number,
): Journaled {
  const entry = { kind: "token" as const, step, token: id, resource, contents, expiresAt: expires_at };
  return { name: `token ${id} ${step}`, at, entry };
}
