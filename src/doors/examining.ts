/**
 * `npm run doctor`, with or without OWNER/REPO: the doctor from beside the service, whether it runs or not. It has
 * connections of its own, which it closes, and no log.
 */
import { type Clock, systemClock } from "../clock.ts";
import { type Config, readConfig, readSetUpConfig } from "../config.ts";
import { isProblem } from "../domain/errors.ts";
import type { Where } from "../github/settings-files.ts";
import { createLogger } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { operatorOf, readRules } from "../mission/rulebook.ts";
import { openStore, storeBeside } from "../store/database.ts";
import { noTraces } from "../traces.ts";
import { examine } from "./doctor.ts";
import { lookAtStore } from "./doctor-store.ts";
import { type Finding, findingsText } from "./findings.ts";
import { readManifest } from "./manifest.ts";
import { neighbours } from "./neighbours.ts";
import { pausedBeside } from "./pausing.ts";

/** What to tell the operator, where, and the exit status: 1 means that something does not work. */
export interface Examination {
  words: string;
  to: "stdout" | "stderr";
  status: 0 | 1;
}

/** Examines what the environment names; `name` is OWNER/REPO. Never throws a problem. */
export async function examineBeside(
  environment: Record<string, string | undefined>,
  name?: string,
): Promise<Examination> {
  try {
    const findings = await examineFromOutside(readConfig(environment), { clock: systemClock, name });
    const isBroken = findings.some(({ grade }) => grade === "fail");
    return { words: findingsText(findings), to: "stdout", status: isBroken ? 1 : 0 };
  } catch (error) {
    if (!isProblem(error)) throw error;
    return { words: `${error.message}\n${setUpHint(environment)}`, to: "stderr", status: 1 };
  }
}

/** Where there is no App yet, the set-up makes one. */
function setUpHint(environment: Record<string, string | undefined>): string {
  try {
    return readSetUpConfig(environment)
      ? "There is no App yet: run `npm start` and open the set-up page that it prints, which creates one.\n"
      : "";
  } catch (error) {
    // Its mistakes have been told.
    if (!isProblem(error)) throw error;
    return "";
  }
}

/** The same as findings, by another clock. */
export async function examineFromOutside(
  config: Config,
  { clock, name }: { clock: Clock; name?: string | undefined },
): Promise<Finding[]> {
  const [log, metrics] = [createLogger("silent"), createMetrics()];
  const outdoors = neighbours(config, { clock, log, metrics, traces: noTraces });
  const open = () => openStore(storeBeside(config.store));
  const patient = {
    ...outdoors,
    config,
    clock,
    manifest: readManifest(),
    store: () => lookAtStore(config, { fetch: outdoors.fetch, open }),
    paused: () => pausedBeside(config),
  };
  const rules = (where: Where) => readRules(outdoors.github, where, operatorOf(config));
  const named = name === undefined ? {} : { named: { name, rules } };
  try {
    return await examine({ ...patient, ...named });
  } finally {
    await outdoors.close();
  }
}
