/**
 * The repositories of the settings that a session mounts besides its own, read only. Each is looked up, and the
 * requester's permission on it asked, before every session: what was public may be private by now, and a person
 * may have left. One that may not be mounted ends the run as refused, with its name.
 */
import { type Beside, besideProblem, besidesRefused, type Named } from "../domain/besides.ts";
import { Problem } from "../domain/errors.ts";
import { fullName } from "../domain/run.ts";
import { repositoryNamed } from "../github/beside.ts";
import { noted } from "./facts.ts";
import type { Tools } from "./tools.ts";

/** Those of the newest session; none are known before `findBesides`. */
export function besidesOf({ ledger }: Pick<Tools, "ledger">): Beside[] {
  return ledger.all<Beside[]>("besides ").at(-1)?.value ?? [];
}

/** Looks up what the run's session of this number mounts besides. Throws `refused` when one may not be. */
export async function findBesides(tools: Tools, number: number): Promise<Beside[]> {
  const { ledger, held } = tools;
  const known = ledger.read(`besides ${number}`);
  if (known) return known;
  if (held.run.settings.repositories.length === 0 && number === 1) return [];
  return ledger.once(`besides ${number}`, noted(await lookUp(tools)));
}

async function lookUp(tools: Tools): Promise<Beside[]> {
  const { github, held } = tools;
  const { place, settings, origin } = held.run;
  if (settings.repositories.length === 0) return [];
  const own = await repositoryNamed(github, place.installation, fullName(place));
  if (!own) throw new Problem("gone", "repository_gone", `${fullName(place)} is not there any more.`);
  const named: Named[] = [];
  for (const name of settings.repositories) named.push(await describe(tools, name));
  const host = { name: own.name, visibility: own.visibility, login: origin.sender.login };
  const problems = named.flatMap((one) => besideProblem(one, host) ?? []);
  if (problems.length > 0) throw new Problem("refused", "besides_refused", besidesRefused(problems));
  const found = named.flatMap((one) => one.found ?? []);
  const unique = new Map(found.map(({ name, repositoryId }) => [repositoryId, { name, repositoryId }]));
  unique.delete(place.repositoryId);
  return [...unique.values()];
}

async function describe({ github, repositories, held }: Tools, name: string): Promise<Named> {
  const { place, origin } = held.run;
  const found = await repositoryNamed(github, place.installation, name);
  if (!found || origin.sender.type !== "User") return { name, found, answer: undefined };
  const [owner = "", repo = ""] = found.name.split("/");
  const there = { ...place, owner, repo, repositoryId: found.repositoryId };
  return { name: found.name, found, answer: await repositories.permission(there, origin.sender.login) };
}
