/**
 * Loaded into a server before its own code, in tests only (`node --import`): gives it a pace, tells its durable
 * writes on standard output, and ends it with SIGKILL at the one that its address names.
 */
import { writeSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Count, durableWrites } from "../moments.ts";
import { sow } from "../plant.ts";
import { paced } from "./fast-clock.ts";

const given = new URL(import.meta.url).searchParams;
const cut = given.get("cut");
const count = new Count();

sow({ edits: paced({ since: Number(given.get("since")), speed: Number(given.get("speed")) }) });
const { systemClock } = await import("../../../src/clock.ts");
if (!String(systemClock.now).includes(String(given.get("since"))))
  throw new Error("The service's clock was loaded before its pace was given to it.");

const around = durableWrites((moment) => {
  const point = count.point(moment);
  writeSync(process.stdout.fd, `${JSON.stringify({ msg: "moment", point })}\n`);
  if (point !== cut) return;
  process.kill(process.pid, "SIGKILL");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});

const plain = { prepare: DatabaseSync.prototype.prepare, exec: DatabaseSync.prototype.exec };
const asked = ["all", "run", "iterate"] as const;

DatabaseSync.prototype.prepare = function prepare(this: DatabaseSync, sql: string): StatementSync {
  const statement = plain.prepare.call(this, sql);
  for (const name of asked) {
    const call = statement[name].bind(statement) as (...parameters: unknown[]) => unknown;
    const heard = (...parameters: unknown[]) => around(sql, parameters, () => call(...parameters));
    Object.assign(statement, { [name]: heard });
  }
  return statement;
};

// Whatever is undone is undone by a word of its own.
DatabaseSync.prototype.exec = function exec(this: DatabaseSync, sql: string): void {
  if (sql === "rollback") around(sql, [], () => plain.exec.call(this, sql));
  else plain.exec.call(this, sql);
};
