/** The manual's backup of a PostgreSQL, typed as it stands there: what was written is back after a restore. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openStore } from "../../src/store/database.ts";
import { readMemo, writeMemo } from "../../src/store/memos.ts";
import { projectDir } from "../process.ts";
import { freshDatabase, serverUrl } from "./server.ts";

const readme = readFileSync(join(projectDir, "README.md"), "utf8");
/** The command of the manual that begins so. */
const command = (begins: string) => new RegExp(`\`(${begins} [^\`]+)\``).exec(readme)?.[1] ?? "";

test.skipIf(!serverUrl)("a PostgreSQL is backed up and restored by the manual's commands", async () => {
  const folder = mkdtempSync(join(tmpdir(), "patchwright-backup-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { url, drop } = await freshDatabase();
  onTestFinished(drop);
  const shell = (line: string) =>
    execFileSync("sh", ["-ec", line], { cwd: folder, env: { ...process.env, DATABASE_URL: url } });
  const write = async (value: string) => {
    const store = await openStore({ kind: "postgres", url });
    await writeMemo(store.db, "backed up", value);
    await store.close();
  };
  await write("before");
  shell(command("pg_dump"));
  await write("after");
  shell(command("pg_restore"));
  const store = await openStore({ kind: "postgres", url });
  expect(await readMemo(store.db, "backed up")).toBe("before");
  await store.close();
});
