/** The search for secrets finds them in every form it promises, and nothing in ordinary words. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { formsOf, needlesOf, sightings } from "./canaries.ts";

const token = `ghs_${randomBytes(90).toString("base64url")}`;
const pem = `-----BEGIN KEY-----\n${randomBytes(48).toString("base64")}\n${randomBytes(48).toString("base64")}\n-----END KEY-----\n`;
const needles = needlesOf({ token, pem });

const around = (text: string, before: string) => Buffer.from(`${before}${text}, and more`).toString("base64");
const hidden: [form: string, text: string][] = [
  ["raw", `authorization: ${token}`],
  ["only its last half", token.slice(token.length / 2)],
  ["turned around", [...token].toReversed().join("")],
  ["hex", Buffer.from(token).toString("hex")],
  ["percent-encoded", Buffer.from(token).toString("hex").replace(/../g, "%$&").toUpperCase()],
  ...["", "a", "ab"].map((before): [string, string] => [
    `base64 behind ${before.length} letters`,
    around(token, before),
  ]),
  ["base64url", Buffer.from(`x${token}x`).toString("base64url")],
  ["one line of a key", `${pem.split("\n")[2]}`],
  ["a key in JSON", JSON.stringify({ key: pem })],
  ["a key in base64", Buffer.from(pem).toString("base64")],
];

test.each(hidden)("%s", (_form, text) => {
  expect(sightings({ somewhere: `before ${text} after` }, needles).length).toBeGreaterThan(0);
});

test("every form of every part is found where it stands", () => {
  for (const { text } of needles) expect(sightings({ there: `..${text}..` }, needles)).not.toEqual([]);
  expect(Object.keys(formsOf("secret")).length).toBeGreaterThanOrEqual(12);
});

test("nothing is seen where nothing stands", () => {
  expect(sightings({ words: "ghs_ is how a token begins; base64 of it Z2hz".repeat(100) }, needles)).toEqual(
    [],
  );
});
