/**
 * A process that stores deliveries until it is killed: prints `open`, then the id of each acknowledged delivery.
 * Run by sqlite.test.ts as `node writer.ts DATA_DIR`.
 */
import { writeSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { isProblem } from "../../src/domain/errors.ts";
import { embeddedEngine } from "../../src/engine/embedded.ts";
import { openStore } from "../../src/store/database.ts";
import { inbox } from "../../src/store/deliveries.ts";

// Written synchronously: what was acknowledged is told before the next kill can come.
const tell = (line: string) => writeSync(1, `${line}\n`);

/** Ten at a time, so that kills meet transactions of several rows. */
async function write(dataDir: string): Promise<never> {
  const store = await openStore({ kind: "embedded", dataDir, clock: systemClock });
  const tools = { store, clock: systemClock, random: () => 0, onFailure: () => undefined };
  const box = inbox(store, embeddedEngine(tools), systemClock);
  tell("open");
  for (let round = 0; ; round += 1) {
    const ids = Array.from({ length: 10 }, (_, n) => `${process.pid}.${round}.${n}`);
    await Promise.all(
      ids.map(async (id) => {
        await box.append({ id, event: "issues", body: "{}" });
        tell(id);
      }),
    );
  }
}

try {
  await write(process.argv[2] ?? "");
} catch (error) {
  tell(isProblem(error) ? error.code : String(error));
  process.exitCode = 2;
}
