/**
 * The stand-in for git and real git are given the same commands on the same history: what they say must be
 * the same to the letter, hashes included.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diffFlags } from "../../sim/github/diff.ts";
import { gitEnvironment, tryGit } from "../../sim/github/git.ts";
import { run } from "./command.ts";
import { refsOf } from "./objects.ts";

let directory: string;

const format = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01";

function imported(branch: string, atS: number, files: Record<string, string | null>, from?: string): string {
  const who = `Mona <mona@example.invalid> ${atS} +0000`;
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const changes = Object.entries(files).map(([path, content]) =>
    content === null ? `D ${path}\n` : `M 100644 inline ${path}\n${data(content)}`,
  );
  const head = `commit refs/heads/${branch}\nauthor ${who}\ncommitter ${who}\n${data(`Change at ${atS}\n`)}`;
  return [head, from === undefined ? "" : `from ${from}\n`, ...changes].join("");
}

/** What both say; fails when they do not say the same. */
async function both(words: string[], input = ""): Promise<string> {
  const real = await tryGit(directory, words, { input });
  const command = { directory, words, env: gitEnvironment, input: Buffer.from(input) };
  const { code, out } = await run(command);
  expect({ words, code, out: String(out) }).toEqual({ words, code: real.code, out: String(real.stdout) });
  return String(out);
}

const lines = Array.from({ length: 12 }, (_, at) => `line ${at}`);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stand-in-"));
  await tryGit(directory, ["init", "--bare", "--quiet", "--template=", "."]);
  await both(
    ["fast-import", "--quiet"],
    imported("main", 1_000, { "a.js": `${lines.join("\n")}\n`, "lib/b.js": "b\n" }),
  );
  const changed = lines.with(6, "another line");
  const first = (await both(["rev-parse", "refs/heads/main"])).trim();
  await both(["update-ref", "refs/heads/fix", first]);
  const files = { "a.js": `${changed.join("\n")}\n`, "lib/b.js": null, "new.txt": "new\n" };
  await both(["fast-import", "--quiet"], imported("fix", 2_000, files, first));
  await both(["update-ref", "refs/heads/next", first]);
  const theirs = { "a.js": `${lines.with(6, "their line").join("\n")}\n`, "theirs.txt": "theirs\n" };
  await both(["fast-import", "--quiet"], imported("next", 3_000, theirs, first));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each([
  [["for-each-ref", "--format=%(objectname) %(refname)"]],
  [["rev-parse", "--verify", "--quiet", "refs/heads/fix^{commit}"]],
  [["rev-parse", "--verify", "--quiet", "refs/heads/fix^{tree}"]],
  [["rev-parse", "--verify", "--quiet", "refs/heads/none^{commit}"]],
  [["merge-base", "refs/heads/main", "refs/heads/fix"]],
  [["merge-base", "--is-ancestor", "refs/heads/main", "refs/heads/fix"]],
  [["merge-base", "--is-ancestor", "refs/heads/fix", "refs/heads/main"]],
  [["cat-file", "blob", "refs/heads/fix:new.txt"]],
  [["log", format, "refs/heads/fix", "--"]],
  [["log", format, "--max-count=1", "refs/heads/fix", "--"]],
  [["log", format, "--topo-order", "--reverse", "refs/heads/main..refs/heads/fix", "--"]],
  [["diff", ...diffFlags, "refs/heads/main", "refs/heads/fix"]],
])("git %j", async (words) => {
  await both(words);
});

test("a merge in which both changed the same line", async () => {
  const workplace = await mkdtemp(join(tmpdir(), "stand-in-"));
  const at = "@4000 +0000";
  const env = {
    ...gitEnvironment,
    ...{ GIT_AUTHOR_NAME: "Mona", GIT_AUTHOR_EMAIL: "mona@example.invalid", GIT_AUTHOR_DATE: at },
    ...{ GIT_COMMITTER_NAME: "Mona", GIT_COMMITTER_EMAIL: "mona@example.invalid", GIT_COMMITTER_DATE: at },
  };
  const merge = ["merge", "--quiet", "-X", "ours", "-m", "Merge next", "refs/heads/next"];
  await tryGit(workplace, ["clone", "--quiet", "--mirror", directory, ".git"]);
  await tryGit(workplace, ["config", "core.bare", "false"]);
  await tryGit(workplace, ["checkout", "--quiet", "--force", "fix"]);
  const real = await tryGit(workplace, merge, { env });
  expect([real.code, real.stderr]).toEqual([0, ""]);
  const refs = refsOf(join(workplace, "stand-in"));
  for (const [name, sha] of refsOf(directory)) refs.set(name, sha);
  refs.set("HEAD", "refs/heads/fix");
  await run({ directory: join(workplace, "stand-in"), words: merge, env, input: Buffer.alloc(0) });
  expect(refs.get("refs/heads/fix")).toBe(
    (await tryGit(workplace, ["rev-parse", "refs/heads/fix"])).stdout.toString().trim(),
  );
  await rm(workplace, { recursive: true, force: true });
});
