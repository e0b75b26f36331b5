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

test.each([
  "eyJ-",
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
