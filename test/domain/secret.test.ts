/** What is taken out of other people's words before they are logged or shown, and what it costs. */
import { expect, test } from "vitest";
import { redact } from "../../src/domain/secret.ts";

const part = `eyJ${"a1B2c3D4e5F6".repeat(3)}`;
const jwt = `${part}.${part}.${part}`;

test.each([
  ["a token", jwt, "[secret]"],
  ["a token behind a dash", `token-${jwt}`, "token-[secret]"],
  ["a token behind another beginning", `eyJ-eyJ-${jwt}`, "[secret]"],
  ["a word's end", `x${jwt}`, `x${jwt}`],
  ["two of three parts", `${part}.${part}`, `${part}.${part}`],
])("of %s", (_what, text, expected) => {
  expect(redact(`it says ${text} there`)).toBe(`it says ${expected} there`);
});

function wordsOf(act: () => unknown): string {
  try {
    return String(act());
  } catch (error) {
    return String(error);
  }
}

test("of a header that is not sent, whatever shape its secret has", () => {
  const wrapped = `Headers.append: "sk-ant-${"a1".repeat(20)}\nthe other half" is an invalid header value.`;
  const words = 'Headers.append: "[secret]" is an invalid header value.';
  expect(redact(wrapped)).toBe(words);
  expect(redact(wrapped.replace("sk-ant-", ""))).toBe(words);
  const said = () => new Headers({ "x-api-key": "first half\nother half" });
  // The platform's own words, so that the shape is that of this Node.
  expect(said).toThrow(/other half/);
  expect(redact(wordsOf(said))).not.toContain("half");
});

test.each([
  "eyJ-",
  '"',
  '" is an invalid header value',
  "eyJaaaaaaaaaaaa.",
  "-eyJaaaaaaaaaa.",
  "//a:",
  "ghp_-",
  "sk-ant-",
  "-----BEGIN ",
  "-----BEGIN PRIVATE KEY",
])("a megabyte of %j costs little", (unit) => {
  const long = unit.repeat(1_000_000 / unit.length);
  const before = process.cpuUsage();
  redact(long);
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_500);
});
