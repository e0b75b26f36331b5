/** The maintained rules beside our own shapes: what they add, what they may not do, what they cost. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { publicTexts, screen, screenedCharsMax } from "../../src/domain/screening.ts";
import { ruleFindings } from "../../src/domain/secret-rules.ts";
import { defaultSettings } from "../../src/domain/settings.ts";
import { file, proposal, token } from "./proposals.ts";

const limits = { charsMax: screenedCharsMax, breathe: async () => {} };
const find = async (...texts: string[]) =>
  (
    await ruleFindings(
      texts.map((text) => ({ text })),
      limits,
    )
  ).map(({ words }) => words);

/** Letters and digits that look random and are the same every time. */
const random = (length: number) =>
  createHash("sha512").update("rules").digest("base64").replaceAll(/\W/g, "").slice(0, length);

/** Put together here lest a scanner takes this file for a leak. */
const secrets: [rule: string, secret: string][] = [
  ["linear", ["lin", `_api_${random(40)}`].join("")],
  ["figma", ["fi", `gd_${random(40)}`].join("")],
  ["stripe", ["sk", `_test_${random(24)}`].join("")],
];

test.each(secrets)("%s: a form that ours do not know", async (rule, secret) => {
  expect(await find(`const key = "${secret}";`)).toEqual([`a secret, by the rule \`${rule}\``]);
});

test("what ours have found is not told twice", async () => {
  expect(await find(`key = ${token}`)).toEqual([]);
});

test("a comment cannot switch it off", async () => {
  const [, secret] = secrets[0] ?? ["", ""];
  expect(await find(`/* secretlint-disable */\n${secret} // secretlint-disable-line\n`)).toHaveLength(1);
});

test.each([
  ["a database of an example", "postgres://postgres:postgres@localhost:5432/app"],
  ["a password in an address of a manual", "https://user:password@example.com/"],
  ["an AWS account", "aws_account_id = 123456789012"],
  ["prose", "The token is kept in the vault; ask for the secret key there."],
])("%s is no secret", async (_what, text) => {
  expect(await find(text)).toEqual([]);
});

test("it is told where it stands: file and commit, message, name, title", async () => {
  const [, secret] = secrets[0] ?? ["", ""];
  const given = proposal([file({ path: `docs/${secret}.md` }, [`key: ${secret}`])], {
    title: `Add ${secret}`,
  });
  given.commits.push({ sha: "c".repeat(40), message: `Use ${secret}`, files: [], complete: true });
  given.total.commits = 2;
  const found = await ruleFindings(publicTexts(given), limits);
  const verdict = screen(given, defaultSettings, found);
  const reasons = verdict.kind === "held" ? verdict.reasons : [];
  expect(
    reasons.map(({ words, path }) => [words.split(" holds ")[0]?.slice(0, 5), path !== undefined]),
  ).toEqual([
    ["the t", false],
    ["its n", true],
    ["holds", true],
    ["the m", false],
  ]);
  expect(reasons.every(({ approvable }) => !approvable)).toBe(true);
});

test("many small texts and one large one are looked through in linear time", async () => {
  const small = Array.from({ length: 5_000 }, (_, at) => `const line${at} = call(${at});`);
  const hostile = ["sk-", "eyJ", "://a:b", "-----BEGIN "].map((start) => start.repeat(60_000));
  const before = process.cpuUsage();
  expect(await find(...small, ...hostile)).toEqual([]);
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
});

test("examples by the thousand are looked through in linear time", async () => {
  const line = `${["gh", "p_"].join("")}${"x".repeat(36)}\n`;
  const before = process.cpuUsage();
  expect(await find(line.repeat(20_000))).toEqual([]);
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(4_000);
});

test.each([90_000, 99_990, 100_000, 189_995, 300_000])(
  "a secret after %i characters is found once",
  async (at) => {
    const [, secret] = secrets[0] ?? ["", ""];
    for (const filling of ["a".repeat(at), "a b\n".repeat(at / 4)])
      expect(await find(`${filling} ${secret} ${"a".repeat(50_000)}`)).toHaveLength(1);
  },
);

test("more than the bound is left to be held as unread", async () => {
  const [, secret] = secrets[0] ?? ["", ""];
  const texts = [{ text: "a".repeat(1_000) }, { text: secret }];
  expect(await ruleFindings(texts, { ...limits, charsMax: 1_010 })).toEqual([]);
});
