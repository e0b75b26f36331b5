/**
 * Files of the platform: what was uploaded, and what sessions left in their outputs.
 */

import type { BetaFileMetadata } from "@anthropic-ai/sdk/resources/beta/files";
import { timestamp, type World } from "./world.ts";

/** A file to keep. */
export interface NewFile {
  filename: string;
  mimeType: string;
  content: Uint8Array<ArrayBuffer>;
  /** The session that produced it, or holds it as a copy. */
  sessionId?: string;
  /** Seconds until it goes away; kept for good when absent. */
  expiresInS?: number;
}

/** Keeps a file and returns what the API shows of it. */
export function storeFile(
  world: World,
  { filename, mimeType, content, sessionId, expiresInS }: NewFile,
): BetaFileMetadata {
  const metadata: BetaFileMetadata = {
    type: "file",
    id: world.ids("file"),
    filename,
    mime_type: mimeType,
    size_bytes: content.byteLength,
    created_at: timestamp(world),
    downloadable: sessionId !== undefined,
    expires_at:
      expiresInS === undefined ? null : new Date(world.clock.now() + expiresInS * 1000).toISOString(),
    scope: sessionId === undefined ? null : { type: "session", id: sessionId },
  };
  world.files.set(metadata.id, { metadata, content });
  return metadata;
}
