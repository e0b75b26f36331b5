/**
 * What is wrong with this installation, and what to do about it: every check looks for itself, so that one
 * that fails hides no other. Nothing is changed but a token, which is minted, tried and given back.
 */
import { isProblem } from "../domain/errors.ts";
import { repositoryReached } from "../github/examination.ts";
import type { Check, Patient } from "./check.ts";
import { agentChecks } from "./doctor-agent.ts";
import { appChecks } from "./doctor-app.ts";
import { deliveryChecks } from "./doctor-deliveries.ts";
import { repositoryChecks } from "./doctor-repository.ts";
import { secretsCheck } from "./doctor-secrets.ts";
import { strangerChecks } from "./doctor-strangers.ts";
import { type Finding, fail, pass, warn } from "./findings.ts";

const checks: Check[] = [
  ...appChecks,
  ...deliveryChecks,
  ...strangerChecks,
  secretsCheck,
  {
    what: "store",
    todo: "see what was found; the service needs DATA_DIR writable, or DATABASE_URL reachable",
    look: ({ store }) => store(),
  },
  {
    what: "pauses",
    todo: "where the store is well, restore a backup: its table of paused accounts cannot be read",
    look: async ({ paused }) => {
      const owners = await paused();
      return owners.length === 0
        ? pass("no account is paused")
        : warn(
            `new runs are held back for ${owners.join(", ")}`,
            "`npm run resume -- OWNER` lets them start",
          );
    },
  },
  ...agentChecks,
];

/**
 * Looks at everything, and at a repository where one is named; always resolves, with one finding a check in the
 * order of the table.
 */
export function examine(patient: Patient): Promise<Finding[]> {
  const { named, github } = patient;
  const reached = named && repositoryReached(github, named.name);
  // Told by the check that asks for it.
  reached?.catch(() => undefined);
  const examined = { ...patient, ...(reached ? { reached } : {}) };
  return Promise.all(
    [...checks, ...(named ? repositoryChecks : [])].map(async ({ what, todo, look }) => {
      const found = await look(examined).catch((error: unknown) => fail(wordsOf(error), todo));
      return { what, ...found };
    }),
  );
}

/** Errors of libraries may quote what they were given; only ours are fit to be shown. */
function wordsOf(error: unknown): string {
  return isProblem(error) ? error.message : "something unexpected went wrong while checking";
}
