/**
 * What an operator does from beside the service, whether it runs or not: `npm run labels` and
 * `npm run settings:schema`. Each has connections of its own, which it closes, and no log.
 */
import { writeFile } from "node:fs/promises";
import { type Clock, systemClock } from "../clock.ts";
import { type Config, readConfig } from "../config.ts";
import { isProblem } from "../domain/errors.ts";
import { settingsJsonSchema } from "../domain/settings.ts";
import { createLogger } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { operatorOf } from "../mission/rulebook.ts";
import { noTraces } from "../traces.ts";
import { makeLabels } from "./label-making.ts";
import { neighbours } from "./neighbours.ts";

/** Creates the labels of the settings in every repository of `owner`; `say` gets a line for each. */
export async function labelsFromOutside(
  config: Config,
  { clock, owner, say }: { clock: Clock; owner: string; say: (line: string) => void },
): Promise<void> {
  const log = createLogger("silent");
  const outdoors = neighbours(config, { clock, log, metrics: createMetrics(), traces: noTraces });
  try {
    await makeLabels({ github: outdoors.github, clock, operator: operatorOf(config), say }, owner);
  } finally {
    await outdoors.close();
  }
}

/** The JSON Schema of a settings file, as text for editors. */
export function settingsSchemaText(): string {
  return `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`;
}

/** What a command came to: its last words, and the exit status. */
export interface Errand {
  words: string;
  status: 0 | 1;
}

/** `labels OWNER`, which prints each repository as it goes, or `settings:schema [PATH]`. */
export async function runErrand(
  environment: Record<string, string | undefined>,
  [verb, word]: string[],
): Promise<Errand> {
  if (verb === "settings:schema") {
    if (word === undefined) return { words: settingsSchemaText(), status: 0 };
    await writeFile(word, settingsSchemaText());
    return { words: "", status: 0 };
  }
  if (word === undefined) return { words: "Say whose: `npm run labels -- OWNER`.\n", status: 1 };
  try {
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    await labelsFromOutside(readConfig(environment), { clock: systemClock, owner: word, say });
    return { words: "", status: 0 };
  } catch (error) {
    if (!isProblem(error)) throw error;
    return { words: `${error.message}\n`, status: 1 };
  }
}
