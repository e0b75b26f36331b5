/**
 * Clone, fetch, list and push over HTTP, as git does them: first the refs, then the exchange, each request with
 * the address's credentials or those the proxy adds, and git's own words for what goes wrong. Objects are shared
 * by the process, so only refs travel.
 */
import { mkdirSync } from "node:fs";
import type { Ended } from "./command.ts";
import { historyOf, refsOf } from "./objects.ts";

const origins = new Map<string, string>();
const none = "0".repeat(40);
/** What a packet carries, by its first byte. */
const band = { report: 1, side: 2 };

/** A remote that has shown its refs: where it is after all redirects, and what it has. */
interface Remote {
  url: string;
  refs: Map<string, string>;
}

/** Sends a request with the credentials in the address. */
function send(address: string, path: string, body?: string): Promise<Response> {
  const { username, password, href } = new URL(`${address}/${path}`);
  const url = href.replace(/^(\w+:\/\/)[^/]*@/, "$1");
  const credentials = Buffer.from(`${username}:${password}`).toString("base64");
  const headers = username === "" ? {} : { authorization: `Basic ${credentials}` };
  return fetch(url, body === undefined ? { headers } : { method: "POST", headers, body });
}

/** What git says of an answer that is not a yes. */
async function refusal(address: string, answer: Response): Promise<Ended> {
  const url = address.replace(/^(\w+:\/\/)[^/]*@/, "$1");
  const remote = `remote: ${await answer.text()}\n`;
  const fatal = (words: string, said = remote): Ended => ({
    code: 128,
    out: "",
    err: `${said}fatal: ${words}\n`,
  });
  if (answer.status === 401 && url === address)
    return fatal(`could not read Username for '${new URL(url).origin}': terminal prompts disabled`, "");
  if (answer.status === 401) return fatal(`Authentication failed for '${url}/'`);
  if (answer.status === 404) return fatal(`repository '${url}/' not found`);
  return fatal(`unable to access '${url}/': The requested URL returned error: ${answer.status}`);
}

/** Asks for a repository's refs. */
async function advertised(address: string, service: string): Promise<Remote | Ended> {
  const answer = await send(address, `info/refs?service=${service}`);
  if (!answer.ok) return refusal(address, answer);
  const lines = (await answer.text()).split("\n").filter(Boolean);
  const refs = new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
  const moved = new URL(answer.url).pathname.replace(/\/info\/refs$/, "");
  const { pathname } = new URL(address);
  return { url: address.slice(0, address.length - pathname.length) + moved, refs };
}

/** `git ls-remote URL`. */
export async function listRemote(url: string): Promise<Ended> {
  const remote = await advertised(url, "git-upload-pack");
  if ("code" in remote) return remote;
  return { code: 0, out: [...remote.refs].map(([name, sha]) => `${sha}\t${name}\n`).join("") };
}

/** `git clone --no-checkout`. */
export async function clone(url: string, directory: string): Promise<Ended> {
  origins.set(directory, url);
  mkdirSync(directory, { recursive: true });
  return fetchInto(directory);
}

/** `git fetch origin`. */
export async function fetchInto(directory: string): Promise<Ended> {
  const remote = await advertised(origins.get(directory) ?? "", "git-upload-pack");
  if ("code" in remote) return remote;
  const exchange = await send(remote.url, "git-upload-pack", "0000");
  if (!exchange.ok) return refusal(remote.url, exchange);
  const own = refsOf(directory);
  for (const [name, sha] of remote.refs) {
    if (name === "HEAD") continue;
    own.set(name.replace("refs/heads/", "refs/remotes/origin/"), sha);
    if (sha === remote.refs.get("HEAD") && name.startsWith("refs/heads/"))
      own.set("origin/HEAD", own.get("origin/HEAD") ?? name.replace("refs/heads/", ""));
  }
  return { code: 0, out: "" };
}

/** What is pushed: `from` as it was written. An empty commit (zeros) removes the ref. */
export interface Push {
  directory: string;
  /** An address, or `origin`. */
  url: string;
  from: string;
  sha: string;
  ref: string;
  force: boolean;
}

/** `git push URL FROM:REF`. */
export async function push({ directory, url, from, sha, ref, force }: Push): Promise<Ended> {
  const address = url.includes("://") ? url : (origins.get(directory) ?? "");
  const remote = await advertised(address, "git-receive-pack");
  if ("code" in remote) return remote;
  const before = remote.refs.get(ref);
  if (before === sha) return { code: 0, out: "", err: "Everything up-to-date\n" };
  const goesOn =
    before === undefined || sha === none || historyOf(sha).some((commit) => commit.sha === before);
  const failed = (said: string): Ended => ({
    code: 1,
    out: "",
    err: `${said}error: failed to push some refs to '${address}'\n`,
  });
  const short = `${from} -> ${ref.replace(/^refs\/heads\//, "")}`;
  if (!goesOn && !force) return failed(` ! [rejected]        ${short} (fetch first)\n`);
  const line = `${before ?? none} ${sha} ${ref}\0 report-status`;
  const body = `${(line.length + 4).toString(16).padStart(4, "0")}${line}0000`;
  const answer = await send(remote.url, "git-receive-pack", body);
  if (!answer.ok) return refusal(address, answer);
  const { said, reason } = reportOf(Buffer.from(await answer.arrayBuffer()));
  return reason === undefined
    ? { code: 0, out: "" }
    : failed(`${said} ! [remote rejected] ${short} (${reason})\n`);
}

/** What a server reports of a push: what it says on the side, and why it refused the ref. */
function reportOf(bytes: Buffer): { said: string; reason: string | undefined } {
  const packets = packetsOf(bytes);
  const of = (wanted: number) =>
    packets.flatMap((packet) => (packet[0] === wanted ? [packet.toString("utf8", 1)] : [])).join("");
  const [, reason] = /ng \S+ ([^\n]+)\n/.exec(of(band.report)) ?? [];
  const lines = of(band.side).replace(/\n$/, "").split("\n");
  return { said: lines.map((line) => (line === "" ? "" : `remote: ${line}\n`)).join(""), reason };
}

/** The packets of an answer (gitprotocol-common: four digits of length, then the bytes). */
function packetsOf(bytes: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 4), 16);
    if (!(length > 4)) break;
    packets.push(bytes.subarray(at + 4, at + length));
    at += length;
  }
  return packets;
}
