/** Who may do what: the settings in force, permits by them, and how a refusal is told. Built once, together. */
import type { Repositories } from "../github/repository.ts";
import { createPermits, type Permits } from "../mission/permits.ts";
import { createRulebook, type Rulebook, type RulebookParts } from "../mission/rulebook.ts";
import { type Admission, createAdmission } from "./admission.ts";

/** The three that decide. */
export interface Order {
  rulebook: Rulebook;
  permits: Permits;
  admission: Admission;
}

/** Over GitHub and the store. */
export function createOrder(parts: RulebookParts & { repositories: Repositories }): Order {
  const rulebook = createRulebook(parts);
  const permits = createPermits({ ...parts, rulebook });
  return { rulebook, permits, admission: createAdmission({ ...parts, permits }) };
}
