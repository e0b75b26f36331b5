/**
 * A request's body, read with a cap while it comes in: what is too large is refused before it is read.
 */
import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.ts";

/** How much of what is refused is read all the same, and for how long. */
const dropBytesMax = 4 * 1024 * 1024;
const dropMsMax = 500;

/** What came of reading. */
export type Body = { kind: "read"; bytes: Buffer } | { kind: "too large" } | { kind: "aborted" };

/** Reads at most `bytesMax` bytes. The server's own timeouts end a body that comes too slowly. */
export function readBody(incoming: IncomingMessage, bytesMax: number): Promise<Body> {
  const declared = Number(incoming.headers["content-length"] ?? 0);
  if (declared > bytesMax) return Promise.resolve({ kind: "too large" });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= bytesMax) return;
      incoming.off("data", take);
      incoming.pause();
      resolve({ kind: "too large" });
    };
    incoming.on("data", take);
    incoming.once("end", () => {
      const [first = Buffer.alloc(0), ...rest] = chunks;
      resolve({ kind: "read", bytes: rest.length === 0 ? first : Buffer.concat(chunks, size) });
    });
    incoming.once("error", () => resolve({ kind: "aborted" }));
    incoming.once("close", () => resolve({ kind: "aborted" }));
  });
}

/**
 * Reads on and drops, 4 MiB and half a second at most, so that who still sends gets to read the answer: a
 * connection that is closed on unread bytes is reset, and the answer is lost with it (RFC 9112, section 9.6).
 */
export function dropBody(incoming: IncomingMessage, clock: Clock): Promise<void> {
  if (incoming.readableEnded || incoming.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let size = 0;
    const off = clock.after(dropMsMax, resolve);
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > dropBytesMax) resolve();
    });
    incoming.once("end", resolve).once("error", resolve).once("close", resolve).once("close", off);
    incoming.resume();
  });
}
