/**
 * The repositories of the settings that a session mounts besides its own, read only. Each is looked up, and
 * GitHub asked whether whoever asked for the round may read it, before every session and every token: what was
 * public may be private by now, and a person may have left. One that may not be mounted ends the run as refused,
 * with its name.
 */
import {
  type Beside,
  besideLost,
  besideProblem,
  besidesRefused,
  type Host,
  type Named,
} from "../domain/besides.ts";
import { Problem } from "../domain/errors.ts";
import { askerOf, fullName } from "../domain/run.ts";
import { repositoryNamed } from "../github/beside.ts";
import type { Tools } from "./tools.ts";

/** Those of the newest session; none are known before `findBesides`. */
export function besidesOf({ ledger }: Pick<Tools, "ledger">): Beside[] {
  return ledger.all<Beside[]>("besides ").at(-1)?.value ?? [];
}

/**
 * Looks up what the run's session of this number mounts besides, and again where the answer is old and the session
 * is not there yet. Throws `refused` when one may not be mounted.
 */
export async function findBesides(tools: Tools, number: number): Promise<Beside[]> {
  const { ledger, held } = tools;
  const known = ledger.read(`besides ${number}`);
  if (held.run.settings.repositories.length === 0 && (known || number === 1)) return known ?? [];
  if (known && isAnswered(tools)) return known;
  const found = await lookUp(tools);
  await ledger.write(`besides ${number}`, found);
  return found;
}

/** As long as a permission may be kept: tokens for a session just opened need no second look. */
const answerMsMax = 60_000;

/** Was GitHub asked about all of them just now, in this round? An earlier one may have been another person's. */
function isAnswered({ ledger, clock, held: { run } }: Tools): boolean {
  const newest = ledger.all<Beside[]>("besides ").at(-1);
  return newest !== undefined && newest.at >= run.roundAt && clock.now() - newest.at < answerMsMax;
}

/** Asks anew about one of them, before a token for it. Throws `refused` when it may not be read any more. */
export async function askAgain(tools: Tools, { name, repositoryId }: Beside): Promise<void> {
  if (isAnswered(tools)) return;
  const host = await hostOf(tools);
  const named = await describe(tools, name);
  // Its name may be another one's by now.
  if (named.found?.repositoryId !== repositoryId)
    throw new Problem("refused", "beside_lost", besideLost(name));
  refuse([named], host);
}

async function lookUp(tools: Tools): Promise<Beside[]> {
  const { place, settings } = tools.held.run;
  if (settings.repositories.length === 0) return [];
  const host = await hostOf(tools);
  const named: Named[] = [];
  for (const name of settings.repositories) named.push(await describe(tools, name));
  refuse(named, host);
  const found = named.flatMap((one) => one.found ?? []);
  const unique = new Map(found.map(({ name, repositoryId }) => [repositoryId, { name, repositoryId }]));
  unique.delete(place.repositoryId);
  return [...unique.values()];
}

async function hostOf({ github, held }: Tools): Promise<Host> {
  const { place } = held.run;
  const own = await repositoryNamed(github, place.installation, fullName(place));
  if (!own) throw new Problem("gone", "repository_gone", `${fullName(place)} is not there any more.`);
  return { name: own.name, visibility: own.visibility, login: askerOf(held.run).sender.login };
}

function refuse(named: Named[], host: Host): void {
  const problems = named.flatMap((one) => besideProblem(one, host) ?? []);
  if (problems.length > 0) throw new Problem("refused", "besides_refused", besidesRefused(problems));
}

async function describe({ github, repositories, held }: Tools, name: string): Promise<Named> {
  const { place } = held.run;
  const { sender } = askerOf(held.run);
  const found = await repositoryNamed(github, place.installation, name);
  if (!found || sender.type !== "User") return { name, found, answer: undefined };
  const [owner = "", repo = ""] = found.name.split("/");
  const there = { ...place, owner, repo, repositoryId: found.repositoryId };
  return { name: found.name, found, answer: await repositories.permission(there, sender) };
}
