/** After the pull request is open: the session stays idle until the work is over, and costs nothing. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

async function opened(): Promise<number> {
  stage = await setStage({ env: { PATCHWRIGHT_SWEEP_MS: "86400000" } });
  stage.plays(fixAndSubmit());
  const issue = stage.labelled();
  await stage.untilShown(issue, "opened #2");
  return issue;
}

const session = () => stage.claude.sessions[0];

test("the session stays, idle, without a token", async () => {
  await opened();
  const calls = stage.claude.log.length;
  await stage.pass(3 * 24 * 3_600_000);
  expect(session()).toMatchObject({ status: "idle", archivedAt: null });
  const repeated = stage.claude.log.slice(calls).filter(({ method }) => method !== "GET");
  expect(repeated).toEqual([]);
  expect(stage.github.tokens().every(({ repositoryIds, revokedAt }) => !repositoryIds || revokedAt)).toBe(
    true,
  );
});

test("taking the label off does not close what has been proposed", async () => {
  const issue = await opened();
  await stage.pass(60_000);
  stage.github.unlabel(shop, issue, { label: "agent", by: "mona" });
  await stage.pass(60_000);
  expect(session()?.archivedAt).toBeNull();
  expect(stage.headline(issue)).toContain("**opened #2**");
});

test.each([
  ["merged", () => stage.github.mergePull(shop, 2, { by: "rita" })],
  ["closed", () => stage.github.closePull(shop, 2, { by: "rita" })],
])("it is archived when the pull request is %s", async (_what, does) => {
  const issue = await opened();
  await stage.pass(3_600_000);
  await does();
  await stage.pass(60_000);
  expect(session()?.archivedAt).not.toBeNull();
  expect(stage.headline(issue)).toContain("**opened #2**");
});

test("it is archived when the issue is closed", async () => {
  const issue = await opened();
  await stage.github.closeIssue(shop, issue, { by: "mona" });
  await stage.pass(60_000);
  expect(session()?.archivedAt).not.toBeNull();
});
