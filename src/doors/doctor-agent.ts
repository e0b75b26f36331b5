/** Checks of the Claude platform: whether it takes the key, and whether what sessions need is in place. */
import { asProblem } from "../agent/failure.ts";
import { givenTrouble, standing } from "../agent/provisioning.ts";
import type { Check, Patient } from "./check.ts";
import { fail, pass, warn } from "./findings.ts";

const key = "set ANTHROPIC_API_KEY to a key of a workspace with Managed Agents, and see the way to it";
const given = "change the variable, and start the service anew";

/** In the order they are told. */
export const agentChecks: Check[] = [
  {
    what: "Claude key",
    todo: key,
    look: async (patient) => {
      await standings(patient);
      return pass("taken");
    },
  },
  {
    what: "agent and environment",
    todo: key,
    look: async (patient) => {
      const found = await standings(patient);
      const trouble = givenTrouble(patient.config.claude, found);
      if (trouble !== undefined) return fail(trouble, given);
      const { agent, environment } = found;
      const words = `agent ${agent}, environment ${environment}`;
      return agent === "current" && environment === "current"
        ? pass(words)
        : warn(words, "nothing: the next start of the service makes them so");
    },
  },
];

async function standings({ client, config }: Patient) {
  try {
    return await standing(client, config.claude);
  } catch (error) {
    throw asProblem(error);
  }
}
