/**
 * Brings SQLite's log of writes to the disk outside the event loop, as SQLite does inside it with
 * `synchronous = full`: its frames carry checksums, so what was synced is found again (sqlite.org/wal.html).
 * Nothing locks this file, so opening it disturbs none of SQLite's locks.
 */
import { type FileHandle, open } from "node:fs/promises";
import { Problem } from "../domain/errors.ts";
import type { Checkpoints } from "./checkpoints.ts";

/** The log of one database; needed after transactions with `synchronous = normal`. */
export class LogSync {
  readonly #path: string;
  readonly #checkpoints: Checkpoints;
  #file: Promise<FileHandle> | undefined;

  constructor(path: string, checkpoints: Checkpoints) {
    this.#path = path;
    this.#checkpoints = checkpoints;
  }

  /** Resolves when all that was committed is on the disk; `later` `store_unavailable` when the disk fails. */
  async run(): Promise<void> {
    try {
      // Opened at the first use: SQLite makes the file at its first write and keeps it while it is open.
      this.#file ??= open(this.#path, "r");
      await (await this.#file).datasync();
      this.#checkpoints.synced();
    } catch (error) {
      throw new Problem("later", "store_unavailable", "The database file cannot be written now.", {
        cause: error,
      });
    }
  }

  /** Lets go of the file; call it before the connection is closed. */
  async close(): Promise<void> {
    await this.#checkpoints.close();
    await (await this.#file)?.close();
  }
}
