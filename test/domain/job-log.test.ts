/** A failed job's log: clean, bounded, and its end. */
import { expect, test } from "vitest";
import { jobLog, logCharactersMax } from "../../src/domain/job-log.ts";

const token = `ghs_${"a1B2".repeat(9)}`;

test("time stamps, terminal escapes, hidden characters and secrets are gone", () => {
  const raw = `\ufeff2026-11-25T10:00:00.1234567Z \u001b[31mred\u001b[0m a\u200bb\r\n2026-11-25T10:00:01.1Z ${token}\n\n`;
  expect(jobLog(raw)).toEqual({ tail: "red ab\n[secret]" });
});

test("a short log is its own tail, of a long one the end is", () => {
  const lines = [...Array(400).keys()].map((line) => `line ${line}`);
  const { tail, whole } = jobLog(lines.join("\n"));
  expect(whole).toBe(lines.join("\n"));
  expect(tail).toBe(lines.slice(-150).join("\n"));
  expect(jobLog(`${"x".repeat(1_500)}\n`.repeat(20)).tail.length).toBeLessThanOrEqual(12_000);
});

test("of a log above the bound whole lines are kept, and no end of a secret that was cut", () => {
  const raw = `${token.repeat(10)}${"\nfine".repeat((logCharactersMax - 100) / 5)}`;
  expect(jobLog(raw).whole).toMatch(/^fine\n/);
  const endless = jobLog("x".repeat(2 * logCharactersMax));
  expect(endless.tail.length).toBeLessThanOrEqual(2_001);
});
