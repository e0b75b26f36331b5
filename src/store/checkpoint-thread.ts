/**
 * The thread of `checkpoints.ts`: copies SQLite's log into its file whenever it is asked, and says when it has.
 */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

const database = new DatabaseSync(String(workerData));
// Passive: it takes what it can get while others write, and keeps nobody waiting.
const checkpoint = database.prepare("pragma wal_checkpoint(passive)");

parentPort?.on("message", (wish: "copy" | "leave") => {
  if (wish === "copy") {
    checkpoint.get();
    parentPort?.postMessage("copied");
    return;
  }
  database.close();
  parentPort?.close();
});
