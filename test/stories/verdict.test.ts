/** The verdict on stories finds what it is there to find: it would be easy to approve of everything. */
import { afterEach, expect, test } from "vitest";
import { openStore } from "../../src/store/database.ts";
import { pushFix } from "../sim/claude/scripts.ts";
import { Disk } from "../store/disk.ts";
import { type Stage, setStage } from "./stage.ts";
import { type Evidence, verdictOn } from "./verdict.ts";

let stage: Stage;
afterEach(() => stage.close());

test("a good story has no flaws, and each kind of flaw is named", async () => {
  stage = await setStage();
  stage.plays(pushFix());
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  const { github, claude, lines, clock } = stage;
  const disk = new Disk();
  await (await openStore({ kind: "lent", connection: disk.open() })).close();
  const good: Evidence = {
    github,
    claude,
    lines,
    metrics: "runs 1",
    disk,
    secrets: { "the word": "hush, my darling" },
    now: clock.now(),
    allows: [],
  };
  expect(verdictOn(good)).toEqual([]);
  const verdict = (evidence: object) => verdictOn({ ...good, ...evidence });
  const told = [...lines, { msg: "the word is hush, my darling" }];
  expect(verdict({ lines: told })).toEqual(["the word (raw) stands in the log"]);
  const disguised = [...lines, { msg: `>${Buffer.from("hush, my darling").toString("base64")}<` }];
  expect(verdict({ lines: disguised })[0]).toMatch(/^the word \(base64.*\) stands in the log$/);
  expect(verdict({ metrics: 'runs{of="hush, my darling"} 1' })).toEqual([
    "the word (raw) stands in the metrics",
  ]);
  const delivered = new Disk();
  const store = await openStore({ kind: "lent", connection: delivered.open() });
  const bare = { id: "1", event: "issues", body_hash: "", received_at: 0, state: "done" } as const;
  await store.db
    .insertInto("deliveries")
    .values({ ...bare, body: `"hush, my darling"`, done_at: 0, verdict: "ignored" })
    .execute();
  await store.close();
  expect(verdict({ disk: delivered })).toEqual(["the word (raw) stands in a delivery"]);
  const token = `ghs_${github.app.id}_${"a".repeat(40)}`;
  expect(verdict({ lines: [...lines, { msg: token }] })).toEqual(["a secret stands in the log"]);
  const [first] = github.log.filter(({ route }) => route.endsWith("/reactions"));
  const wrong = { ...github, log: [{ ...first, requestBody: { content: "thumbs" } }] };
  expect(verdict({ github: wrong })[0]).toMatch(/reactions .*request/);
  const tokens = github.tokens().map(({ revokedAt: _dead, ...alive }) => alive);
  expect(verdict({ github: { ...github, tokens: () => tokens } })).toEqual(["1 tokens were never revoked"]);
  const wide = github.tokens().map((one) => ({ ...one, permissions: { issues: "write" } }));
  expect(verdict({ github: { ...github, tokens: () => wide } })[0]).toMatch(/may do too much/);
  const operations = claude.gitOperations.map((one) => ({ ...one, status: 401 }));
  const refused = { ...claude, gitOperations: operations, sessions: claude.sessions };
  expect(verdict({ claude: refused })[0]).toMatch(/found no valid token/);
  const late = claude.gitOperations.map((one) => ({ ...one, at: one.at + 50 * 60_000 }));
  const old = { ...claude, gitOperations: late, sessions: claude.sessions };
  expect(verdict({ claude: old })[0]).toMatch(/last quarter of its life/);
});
