/** Which secrets are held to be guessable, and that random ones of every usual kind are not. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { weaknessOf } from "../../src/domain/guessable.ts";

const repeats = "it repeats the same characters";
const follows = "it follows the alphabet, the digits or the keyboard";

test.each([
  ["abab".repeat(8), "it repeats a few characters"],
  ["k3j9x0qa".repeat(3), repeats],
  ["k3j9x0qak3j9x0qa", repeats],
  ["kangarookangaroo", repeats],
  ["kangarookangarook", repeats],
  ["kangarookangarookangar", repeats],
  ["deadbeefdeadbeefdeadb", "it repeats a few characters"],
  ["secretsecretsec", "it repeats a few characters"],
  ["abcabcabcab", "it repeats a few characters"],
  ["0123456789abcdef", follows],
  ["0123456789ABCDEF0123456789ABCDEF", repeats],
  ["0123456789abcdef0123", follows],
  ["fedcba9876543210", follows],
  ["1234567890123456", follows],
  ["1234567890abcdef", follows],
  ["abcdefghijklmnopqrstuvwxyz", follows],
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789", follows],
  ["zyxwvutsrqponmlk", follows],
  ["13579bdf02468ace", follows],
  ["0011223344556677", follows],
  ["00112233445566778899aabbccddeeff", follows],
  ["111222333444555666", follows],
  ["aaaabbbbccccddddeeeeffff", follows],
  ["a1b2c3d4e5f6g7h8", follows],
  ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", follows],
  ["qwertyuiopasdfghjkl", follows],
  ["qwertzuiopasdfgh", follows],
  ["1qaz2wsx3edc4rfv", follows],
  ["12345678-1234-1234-1234-123456789012", follows],
  ["abcd-efgh-ijkl-mnop", follows],
  ["My-Webhook-Secret-2026", "it holds a word that people put where a secret is to be"],
])("%s: %s", (secret, why) => {
  expect(weaknessOf(secret)).toBe(why);
});

/** Text as good as random: a digest, so that the smallest bytes that fast-check tries are no sequence. */
const random = (length: number) =>
  fc.uint8Array({ minLength: 1, maxLength: 64 }).map((seed) => {
    const blocks = [0, 1, 2].map((n) => createHash("sha256").update(seed).update(String(n)).digest());
    return Buffer.concat(blocks).subarray(0, length);
  });

test.each<[what: string, bytes: number, text: (bytes: Buffer) => string]>([
  ["16 bytes in hex", 16, (bytes) => bytes.toString("hex")],
  ["20 bytes in hex", 20, (bytes) => bytes.toString("hex")],
  ["32 bytes in hex, in capitals", 32, (bytes) => bytes.toString("hex").toUpperCase()],
  ["64 bytes in hex", 64, (bytes) => bytes.toString("hex")],
  ["16 bytes in base64", 16, (bytes) => bytes.toString("base64")],
  ["32 bytes in base64", 32, (bytes) => bytes.toString("base64")],
  ["24 bytes in base64url", 24, (bytes) => bytes.toString("base64url")],
  ["the shortest that is taken, in base64url", 12, (bytes) => bytes.toString("base64url")],
  ["a UUID", 16, (bytes) => bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")],
])("nothing is said against %s", (_what, bytes, text) => {
  const judged = random(bytes).map((one) => weaknessOf(text(one)));
  fc.assert(
    fc.property(judged, (weakness) => weakness === undefined),
    { numRuns: 2_000 },
  );
});

test("nor against what people make up, where it is long and of no such kind", () => {
  for (const secret of [
    "correct horse battery staple",
    "Tr0ub4dor&3-und-mehr!",
    "zwölf Boxkämpfer jagen 7 Katzen",
  ])
    expect([secret, weaknessOf(secret)]).toEqual([secret, undefined]);
});

test("a secret of any kind is judged at once", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (secret) => {
      expect(["string", "undefined"]).toContain(typeof weaknessOf(secret));
    }),
  );
});
