/**
 * Small pictures for tests: a whole PNG, and beginnings of the other types with the size they claim.
 */

/** A PNG of one pixel. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

/** A PNG that says it is so many pixels wide, followed by `padding` more bytes. */
export function pngOf(width: number, padding = 0): Buffer {
  const made = Buffer.concat([png, Buffer.alloc(padding)]);
  made.writeUInt32BE(width, 16);
  return made;
}

/** A GIF of one pixel. */
export const gif = Buffer.from("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==", "base64");

/** A lossless WebP of one pixel. */
export const webp = Buffer.from("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==", "base64");

/** A JPEG up to its size. */
export const jpeg = Buffer.from(
  "ffd8ffe000104a46494600010101004800480000ffc0000b080001000101011100ffda0008010100003f00d2cf20ffd9",
  "hex",
);
