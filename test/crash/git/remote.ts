/**
 * Clone, fetch and push over HTTP, as git does them: first the refs, then the exchange, each request with
 * whatever credentials the proxy adds. Objects are shared by the process, so only refs travel.
 */
import { mkdirSync } from "node:fs";
import type { Ended } from "./command.ts";
import { historyOf, refsOf } from "./objects.ts";

const origins = new Map<string, string>();
const none = "0".repeat(40);

/** Asks for a repository's refs; undefined when they are refused. */
async function advertised(url: string, service: string): Promise<Map<string, string> | undefined> {
  const answer = await fetch(`${url}/info/refs?service=${service}`);
  if (!answer.ok) return undefined;
  const lines = (await answer.text()).split("\n").filter(Boolean);
  return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
}

const refused = (): Ended => ({ code: 128, out: "", err: "fatal: the remote refused\n" });

/** `git clone --no-checkout`. */
export async function clone(url: string, directory: string): Promise<Ended> {
  origins.set(directory, url);
  mkdirSync(directory, { recursive: true });
  return fetchInto(directory);
}

/** `git fetch origin`. */
export async function fetchInto(directory: string): Promise<Ended> {
  const url = origins.get(directory) ?? "";
  const refs = await advertised(url, "git-upload-pack");
  if (!refs) return refused();
  const exchange = await fetch(`${url}/git-upload-pack`, { method: "POST", body: "0000" });
  if (!exchange.ok) return refused();
  for (const [name, sha] of refs)
    refsOf(directory).set(name.replace("refs/heads/", "refs/remotes/origin/"), sha);
  return { code: 0, out: "" };
}

/** `git push origin SHA:REF`. */
export async function push(
  directory: string,
  { sha, ref, force }: { sha: string; ref: string; force: boolean },
): Promise<Ended> {
  const url = origins.get(directory) ?? "";
  const refs = await advertised(url, "git-receive-pack");
  if (!refs) return refused();
  const before = refs.get(ref);
  if (before === sha) return { code: 0, out: "Everything up-to-date\n" };
  const goesOn = before === undefined || historyOf(sha).some((commit) => commit.sha === before);
  if (!goesOn && !force) return { code: 1, out: "", err: " ! [rejected] (non-fast-forward)\n" };
  const line = `${before ?? none} ${sha} ${ref}\0 report-status`;
  const body = `${(line.length + 4).toString(16).padStart(4, "0")}${line}0000`;
  const answer = await fetch(`${url}/git-receive-pack`, { method: "POST", body });
  const said = await answer.text();
  return answer.ok && !said.includes("ng ") ? { code: 0, out: "" } : { code: 1, out: "", err: said };
}
