/**
 * The pictures of the issue and of the comments that are quoted: fetched once the texts are frozen, and what
 * became of each is written down before the request goes out. A picture fetched again, after a crash, is sent
 * only if it is still the same.
 */
import { createHash } from "node:crypto";
import type { Picture } from "../agent/agent.ts";
import { allPicturesBytesMax, picturesIn, picturesMax } from "../domain/pictures.ts";
import { captionText } from "../domain/prompt.ts";
import { type Fetched, notAttached, type TextSource } from "../github/attachments.ts";
import { noted, type Pictures, type Thread } from "./facts.ts";
import type { Tools } from "./tools.ts";

/** A picture in a text that is quoted. */
export interface FoundPicture {
  address: string;
  source: TextSource;
  /** The text it stands in, in words. */
  of: string;
}

/** The pictures to send, and those that are not with the reason. Issues without any cost nothing. */
export async function picturesOf(
  tools: Tools,
  found: FoundPicture[],
): Promise<{ pictures: Picture[]; leftOut: Pictures["leftOut"] }> {
  const { ledger, held, attachments } = tools;
  const known = ledger.read("pictures");
  if (found.length === 0) return { pictures: [], leftOut: [] };
  const wanted = found.filter(({ address }) => attachments.has(address)).slice(0, picturesMax);
  const due = known
    ? wanted.filter(({ address }) => known.sent.some((one) => one.address === address))
    : wanted;
  const fetched = await fetchAll(tools, due);
  const record = known ?? (await ledger.once("pictures", noted(chosen(tools, found, fetched))));
  const pictures: Picture[] = [];
  const lost: Pictures["leftOut"] = [];
  for (const { address, sha256 } of record.sent) {
    const one = fetched.get(address);
    if (!one || !("bytes" in one) || hashOf(one.bytes) !== sha256) {
      lost.push({ address, why: "it could not be had again as it was" });
      continue;
    }
    const of = found.find((each) => each.address === address)?.of ?? "the issue";
    const caption = captionText(held.run, { number: pictures.length + 1, of, address });
    pictures.push({ caption, type: one.type, bytes: one.bytes });
  }
  return { pictures, leftOut: [...record.leftOut, ...lost] };
}

/** The pictures of the body and of the comments that are quoted, each once. */
export function picturesQuoted({ held: { run } }: Tools, thread: Thread): FoundPicture[] {
  const texts: { source: TextSource; of: string; text: string }[] = [
    { source: { kind: "body" }, of: `the body of issue #${run.place.issue}`, text: run.origin.body },
    ...thread.quoted.map(({ id, author, text }) => ({
      source: { kind: "comment" as const, id },
      of: `the comment by ${author}`,
      text,
    })),
  ];
  const all = texts.flatMap(({ text, ...rest }) => picturesIn(text).map((address) => ({ ...rest, address })));
  return all.filter(({ address }, at) => all.findIndex((one) => one.address === address) === at);
}

/** What every wanted address came to. */
async function fetchAll({ attachments, held }: Tools, wanted: FoundPicture[]): Promise<Map<string, Fetched>> {
  const sources = wanted.map(({ source }) => source);
  const texts = sources.filter((source, at) => sources.findIndex((one) => isSame(one, source)) === at);
  const signed = new Map<string, string>();
  for (const source of texts) {
    const addresses = wanted.filter((one) => isSame(one.source, source)).map(({ address }) => address);
    for (const [address, open] of await attachments.signed(held.run.place, source, addresses))
      signed.set(address, open);
  }
  const fetched = wanted.map(
    async ({ address }) => [address, await attachments.fetch(signed.get(address) ?? address)] as const,
  );
  return new Map(await Promise.all(fetched));
}

function isSame(one: TextSource, other: TextSource): boolean {
  return one.kind === "body" || other.kind === "body" ? one.kind === other.kind : one.id === other.id;
}

/** Which are sent: in their order, as many as are good and fit. */
function chosen(tools: Tools, found: FoundPicture[], fetched: Map<string, Fetched>): Pictures {
  const sent: Pictures["sent"] = [];
  const leftOut: Pictures["leftOut"] = [];
  let size = 0;
  for (const { address } of found) {
    const one = fetched.get(address);
    if (one && "bytes" in one && size + one.bytes.length <= allPicturesBytesMax) {
      size += one.bytes.length;
      sent.push({ address, sha256: hashOf(one.bytes) });
    } else leftOut.push({ address, why: whyNot(tools, one, address) });
  }
  return { sent, leftOut };
}

function whyNot({ attachments }: Tools, one: Fetched | undefined, address: string): string {
  if (one && "why" in one) return one.why;
  if (one) return `all pictures together are at most ${allPicturesBytesMax / 1024 / 1024} MB`;
  return attachments.has(address) ? `at most ${picturesMax} pictures are sent` : notAttached;
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
