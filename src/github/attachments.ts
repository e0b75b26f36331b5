/**
 * Pictures that people attached to issues and comments, fetched from GitHub's attachment hosts and nowhere
 * else: no address of a text, and no redirect, leads anywhere besides the list. No credentials are sent; what
 * only members may see is had by the signed address GitHub's own rendering of the text holds for a few minutes.
 */
import type { Clock } from "../clock.ts";
import type { GitHubHost } from "../config.ts";
import { isProblem } from "../domain/errors.ts";
import { type PictureType, pictureBytesMax, pictureOf } from "../domain/pictures.ts";
import type { Place } from "../domain/run.ts";
import type { GitHub } from "./client.ts";

/** A text of an issue: its body, or a comment's by number. */
export type TextSource = { kind: "body" } | { kind: "comment"; id: number };

/** A fetched picture, or why there is none. */
export type Fetched = { type: PictureType; bytes: Buffer } | { why: string };

/** How pictures are had. */
export interface Attachments {
  /** Is this an address that may be fetched? */
  has(address: string): boolean;
  /** Fetches one. Never throws; takes at most `fetchMsMax`. */
  fetch(address: string): Promise<Fetched>;
  /** Works with pictures in memory: a few at once in this process, the others in turn. */
  hold<T>(work: () => Promise<T>): Promise<T>;
  /**
   * For the given addresses that GitHub shows to members only, the signed ones that open them now. One call,
   * none where no address is of that kind. A text that cannot be read has none; only `later` is thrown.
   */
  signed(place: Place, source: TextSource, addresses: string[]): Promise<Map<string, string>>;
}

/** What attachments are fetched with; `fetch` sends no credentials of its own. */
export interface AttachmentParts {
  host: GitHubHost;
  github: GitHub;
  fetch: typeof fetch;
  clock: Clock;
}

/** Why most addresses are not fetched. */
export const notAttached = "it is not on GitHub's attachment hosts";

const fetchMsMax = 20_000;
const redirectsMax = 3;
/** Requests with pictures under way at once: each may hold a hundred megabytes. */
const holdersMax = 4;

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
/** Where people's attachments lie on the web host itself: today's, and those of 2023. */
const ownPaths = /^\/(?:user-attachments\/(?:assets|files)\/|[\w.-]+\/[\w.-]+\/assets\/\d+\/)/;
const publicHosts = new Set([
  "user-images.githubusercontent.com",
  "private-user-images.githubusercontent.com",
]);
/** github.com sends readers of public attachments on to this one. */
const storageHost = "github-production-user-asset-6210df.s3.amazonaws.com";

/** Is this an address of an attachment of the host's? `onward`: where its own redirects may lead as well. */
export function isAttachment(address: string, host: GitHubHost, onward = false): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  const web = new URL(host.webUrl);
  if (url.username !== "" || url.password !== "") return false;
  if (url.origin === web.origin) {
    return (
      ownPaths.test(url.pathname) || (!isPublicGitHub(host) && url.pathname.startsWith("/storage/user/"))
    );
  }
  if (!isPublicGitHub(host)) return url.origin === `${web.protocol}//media.${web.host}`;
  if (url.protocol !== "https:" || url.port !== "") return false;
  return publicHosts.has(url.hostname) || (onward && url.hostname === storageHost);
}

function isPublicGitHub({ webUrl }: GitHubHost): boolean {
  return webUrl === "https://github.com";
}

/** Attachments of one GitHub. */
export function createAttachments(parts: AttachmentParts): Attachments {
  return {
    has: (address) => isAttachment(address, parts.host),
    hold: turnstile(holdersMax),
    fetch: (address) => fetchWithin(parts, address),
    signed: (place, source, addresses) => signedFor(parts, place, { source, addresses }),
  };
}

/** Lets so many through at once, the others in the order they came. */
function turnstile(places: number): Attachments["hold"] {
  const waiting: (() => void)[] = [];
  let free = places;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((enter) => waiting.push(enter));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

async function fetchWithin(parts: AttachmentParts, address: string): Promise<Fetched> {
  if (!isAttachment(address, parts.host)) return { why: notAttached };
  const abort = new AbortController();
  const off = parts.clock.after(fetchMsMax, () => abort.abort());
  try {
    return await follow(parts, address, abort.signal);
  } catch {
    return { why: abort.signal.aborted ? "GitHub took too long to send it" : "GitHub could not be reached" };
  } finally {
    off();
  }
}

async function follow(
  { fetch, host }: AttachmentParts,
  address: string,
  signal: AbortSignal,
): Promise<Fetched> {
  let url = address;
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const answer = await fetch(url, { redirect: "manual", signal, headers: { "user-agent": "patchwright" } });
    if (answer.status >= 300 && answer.status < 400) {
      await answer.body?.cancel();
      url = new URL(answer.headers.get("location") ?? "", url).href;
      if (!isAttachment(url, host, true))
        return { why: "its address leads away from GitHub's attachment hosts" };
      continue;
    }
    if (answer.status === 200) return received(answer);
    await answer.body?.cancel();
    return { why: `GitHub answered ${answer.status}` };
  }
  return { why: "its address leads on and on" };
}

/** Reads no further than a picture may go, whatever length was announced. */
async function received(answer: Response): Promise<Fetched> {
  const tooLarge = { why: `it is larger than ${pictureBytesMax / 1024 / 1024} MB` };
  const parts: Uint8Array[] = [];
  let size = Number(answer.headers.get("content-length") ?? 0);
  const reader = answer.body?.getReader();
  if (size > pictureBytesMax) {
    await reader?.cancel();
    return tooLarge;
  }
  size = 0;
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    size += next.value.byteLength;
    if (size > pictureBytesMax) {
      await reader?.cancel();
      return tooLarge;
    }
    parts.push(next.value);
  }
  const bytes = Buffer.concat(parts);
  const picture = pictureOf(bytes);
  return "why" in picture ? picture : { ...picture, bytes };
}

async function signedFor(
  { github, host }: AttachmentParts,
  { installation, owner, repo, issue }: Place,
  { source, addresses }: { source: TextSource; addresses: string[] },
): Promise<Map<string, string>> {
  const guarded = addresses.filter((one) => isAttachment(one, host) && uuid.test(one) && isOwn(one, host));
  if (guarded.length === 0) return new Map();
  const { issues } = github.of(installation).rest;
  const full = { owner, repo, mediaType: { format: "full" } };
  const asked =
    source.kind === "body"
      ? issues.get({ ...full, issue_number: issue })
      : issues.getComment({ ...full, comment_id: source.id });
  const html = await asked.then(
    ({ data }) => data.body_html ?? "",
    (error: unknown) => (isProblem(error, "gone", "refused", "fault") ? "" : Promise.reject(error)),
  );
  const open = [...html.matchAll(/\ssrc="([^"]+)"/g)]
    .map(([, address = ""]) => address.replaceAll("&amp;", "&"))
    .filter((one) => isAttachment(one, host) && new URL(one).search !== "");
  // The text may have been edited since: only what was asked for is taken, by the name both addresses hold.
  return new Map(
    guarded.flatMap((address) => {
      const name = uuid.exec(address)?.[0] ?? "";
      const signed = open.find((one) => new URL(one).pathname.includes(name));
      return signed === undefined ? [] : [[address, signed] as const];
    }),
  );
}

function isOwn(address: string, { webUrl }: GitHubHost): boolean {
  return new URL(address).origin === new URL(webUrl).origin;
}
