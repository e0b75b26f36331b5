/**
 * Secrets by their shape: each shape is found, ordinary code is left alone, hostile text costs little.
 * The samples are put together here, so that no scanner takes this file itself for a leak.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leaksIn, withoutLeaks } from "../../src/domain/leaks.ts";

/** Letters that look random and are the same every time. */
function letters(count: number, alphabet: string, seed = "seed"): string {
  const bytes = Array.from({ length: Math.ceil(count / 64) }, (_, at) =>
    createHash("sha512").update(`${seed} ${at}`).digest(),
  );
  return [...Buffer.concat(bytes)]
    .slice(0, count)
    .map((byte) => alphabet[byte % alphabet.length])
    .join("");
}

const lower = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const mixed = lower + lower.toUpperCase() + digits;
const url64 = `${mixed}-_`;
const hex = "0123456789abcdef";
const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const jwt = `eyJ${letters(33, mixed)}.eyJ${letters(200, url64)}.${letters(86, url64)}`;
const join = (...parts: string[]) => parts.join("");

const samples: [kind: string, secret: string][] = [
  ["github_token", join("ghs", "_123456_", jwt, letters(180, url64))],
  ...["p", "o", "u", "s", "r"].map((letter): [string, string] => [
    "github_token",
    join("gh", letter, "_", letters(36, mixed, letter)),
  ]),
  ["github_token", join("github", "_pat_", letters(22, mixed), "_", letters(59, mixed))],
  ["anthropic_key", join("sk-", "ant-api03-", letters(93, url64), "AA")],
  ["webhook_secret", join("wh", "sec_", letters(43, mixed), "=")],
  [
    "private_key",
    join("-----BEGIN RSA ", "PRIVATE KEY-----\n", letters(64, mixed), "\n", letters(64, mixed)),
  ],
  [
    "private_key",
    join("-----BEGIN ", "PRIVATE KEY-----\\n", letters(64, mixed), "\\n-----END PRIVATE KEY-----\\n"),
  ],
  [
    "private_key",
    join(
      "-----BEGIN RSA ",
      "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
      letters(64, mixed),
    ),
  ],
  ["private_key", join("-----BEGIN OPENSSH ", "PRIVATE KEY-----\n", letters(70, mixed))],
  ["aws_key", join("AK", "IA", letters(16, base32))],
  ["aws_key", join("AS", "IA", letters(16, base32))],
  ["aws_key", join("aws_secret_", "access_key = ", letters(40, `${mixed}/+`))],
  ["google_key", join("AI", "za", letters(35, url64, "g"))],
  ["google_key", join("GOC", "SPX-", letters(28, mixed))],
  ["slack_token", join("xo", "xb-", letters(12, digits), "-", letters(12, digits), "-", letters(24, mixed))],
  [
    "slack_token",
    join(
      "https://hooks.slack",
      ".com/services/",
      "T",
      letters(9, base32),
      "/B",
      letters(9, base32),
      "/",
      letters(24, mixed),
    ),
  ],
  ["stripe_key", join("sk_", "live_", letters(24, mixed))],
  ["npm_token", join("np", "m_", letters(36, mixed))],
  ["pypi_token", join("pypi", "-AgEIcHlwaS5vcmc", letters(100, url64))],
  ["rubygems_key", join("ruby", "gems_", letters(48, hex))],
  ["gitlab_token", join("gl", "pat-", letters(20, mixed))],
  ["openai_key", join("sk-", letters(20, mixed), "T3Blbk", "FJ", letters(20, mixed))],
  ["hugging_face_token", join("h", "f_", letters(34, mixed))],
  ["sendgrid_key", join("S", "G.", letters(22, mixed), ".", letters(43, mixed))],
  ["digitalocean_token", join("do", "p_v1_", letters(64, hex))],
  ["docker_token", join("dckr", "_pat_", letters(27, mixed))],
  ["vault_token", join("hv", "s.", letters(90, mixed))],
  ["databricks_token", join("da", "pi", letters(32, hex))],
  ["shopify_token", join("shp", "at_", letters(32, hex))],
  ["grafana_token", join("gl", "sa_", letters(32, mixed), "_", letters(8, hex))],
  ["telegram_token", join(letters(10, "3456789"), ":A", "A", letters(33, mixed))],
  ["age_key", join("AGE-SECRET-", "KEY-1", letters(58, base32))],
  ["azure_key", join("Account", "Key=", letters(86, mixed), "==")],
  ["jwt", jwt],
  ["url_password", join("postgres://app:", letters(20, mixed), "@db.example.com/app")],
  ["assigned_secret", join('password = "', letters(24, mixed), '"')],
  ["assigned_secret", join("'client_secret': '", letters(32, hex), "'")],
  ["assigned_secret", join('apiKey: "', letters(32, mixed), '",')],
  ["assigned_secret", join("export DB_PASSWORD=", letters(24, mixed))],
];

describe("each shape is found", () => {
  test.each(samples)("%s: %s", (kind, secret) => {
    const text = `some code before\n${secret}\nand after`;
    const found = leaksIn(text);
    expect(found.map((leak) => leak.kind)).toContain(kind);
    for (const { words, start, end } of found) {
      expect(words).not.toContain(text.slice(start, end));
      expect(end).toBeGreaterThan(start);
    }
    expect(leaksIn(withoutLeaks(text)).map((leak) => leak.kind)).not.toContain(kind);
  });

  test("a stateless installation token goes whole", () => {
    const token = join("ghs", "_42_", jwt, letters(200, url64));
    expect(withoutLeaks(`a ${token} b`)).toBe("a [secret] b");
  });

  test("the word example behind a real token does not let it through", () => {
    expect(leaksIn(join("gh", "s_", letters(36, mixed), "example"))).toHaveLength(1);
  });

  test("inside other words and signs", () => {
    const token = join("gh", "p_", letters(36, mixed));
    for (const text of [
      `"${token}"`,
      `TOKEN_${token}`,
      `https://${token}@github.com`,
      `a=${token};`,
      `(${token})`,
    ]) {
      expect(leaksIn(text).map((leak) => leak.kind)).toContain("github_token");
    }
  });
});

const uuid = `${letters(8, hex)}-${letters(4, hex)}-4${letters(3, hex)}-a${letters(3, hex)}-${letters(12, hex)}`;

describe("ordinary text is left alone", () => {
  test.each([
    [
      "a lockfile",
      `"integrity": "sha512-${letters(86, `${mixed}+/`)}==",\n"resolved": "https://registry.example.com/a/-/a-1.0.0.tgz#${letters(40, hex)}"`,
    ],
    ["go.sum", `github.com/a/b v1.2.3 h1:${letters(43, `${mixed}+/`)}=`],
    ["Cargo.lock", `checksum = "${letters(64, hex)}"`],
    ["poetry.lock", `{file = "a.whl", hash = "sha256:${letters(64, hex)}"}`],
    ["a commit", `token of commit ${letters(40, hex)}`],
    ["a UUID", `token: "${uuid}"\nSECRET=${uuid}`],
    ["placeholders", `ghp_${"x".repeat(36)} sk-ant-${"0".repeat(40)} AKIA${"IOSFODNN7"}EXAMPLE`],
    ["the alphabet as a token", join("gh", "p_abcdefghijklmnopqrstuvwxyz", "0123456789")],
    [
      "jwt.io's sample",
      join(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
        "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0",
        ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
      ),
    ],
    ["an address with a fixture's password", "postgres://user:password123@localhost:5432/test"],
    ["an address with a port", "http://localhost:8080/@scope/package https://a:b@c"],
    ["a fixture's password", 'password: "Passw0rd1234567890", secret: "my-test-secret-12345"'],
    [
      "words as values",
      'tokenType: "application/x-www-form-urlencoded"; password = "correct-horse-battery-staple"',
    ],
    [
      "code that reads a secret",
      'const token = process.env["GITHUB_TOKEN"]; secret = secrets.get("PROD_DB_1_PASSWORD")',
    ],
    [
      "a template",
      "password: \"{{ secrets.DEPLOY_KEY_2 }}\" token='<your token 123456>' SECRET=$OTHER_SECRET_0001",
    ],
    ["environment by example", "API_KEY=your-api-key-here-0001\nSECRET_KEY=changeme1234567890\nTOKEN="],
    ["a public key", `-----BEGIN PUBLIC KEY-----\n${letters(64, mixed)}\n-----END PUBLIC KEY-----`],
    [
      "talk of a private key",
      `-----BEGIN ${"PRIVATE KEY"}-----\n…\n-----END PRIVATE KEY-----\n${letters(64, hex)}`,
    ],
    ["a picture", `data:image/png;base64,${letters(4_000, `${mixed}+/`)}`],
    ["a long name", "const passwordResetTokenExpiresInMinutes = 1440; sk_test_4eC39HqLyjWDarjtT1zdp7dc"],
    ["letters of many kinds", "Größe, ключ: «пароль», 鍵: 「秘密」, token: 'ünïcödé wörds 12345'"],
  ])("%s", (_, text) => {
    expect(leaksIn(text)).toEqual([]);
  });

  test("lorem code", () => {
    const word = fc.constantFrom(
      "secret",
      "token",
      "key",
      "getUser",
      "password",
      "=",
      ":",
      '"',
      "(",
      ")",
      "{",
      "}",
      "\n",
      "id42",
      "https://",
      "@",
      "/",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 200 }), (words) => {
        expect(leaksIn(words.join(" "))).toEqual([]);
      }),
    );
  });
});

test("at most twenty are told, in the order they stand", () => {
  const text = Array.from({ length: 30 }, (_, at) => join("gh", "p_", letters(36, mixed, `${at}`))).join(
    "\n",
  );
  const found = leaksIn(text);
  expect(found).toHaveLength(20);
  expect(found.map(({ start }) => start)).toEqual(found.map(({ start }) => start).toSorted((a, b) => a - b));
});

describe("a line of a megabyte costs little", () => {
  test.each([
    "a",
    "1",
    " ",
    "eyJ",
    "eyJaaaaaaaaaaaa.",
    "-eyJaaaaaaaaaaaa.",
    "ghp_",
    "-sk-ant-",
    "sk-",
    "sk-a-",
    "://",
    "://a:",
    'password="',
    "password  =  ",
    "PASSWORD=a",
    "PASSWORD=Ab1",
    'token""        ',
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "aws_secret_access_key = ",
    "SG.aaaaaaaaaaaaaaaaaaaaaa.",
    "12345678:AA",
    "hooks.slack.com/services/AAAAAAAA/",
    "xoxb-1-",
    "AccountKey=",
  ])("%j over and over", (part) => {
    const line = part.repeat(Math.ceil(1_048_576 / part.length));
    const start = process.cpuUsage();
    leaksIn(line);
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(4_500);
  });
});
