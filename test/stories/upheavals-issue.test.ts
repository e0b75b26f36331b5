/** What becomes of a run when its issue, its base branch or the App's permissions are taken from it. */
import { afterEach, expect, test } from "vitest";
import { type Stage, shop } from "./stage.ts";
import { endings, isEnded, isOver, reach } from "./upheaval-states.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Plays until the run is in `state`; its issue. */
async function begin(state: string): Promise<number> {
  const begun = await reach(state);
  stage = begun.stage;
  return begun.issue;
}

test.each(["working", "held", "resting"])(
  "the issue transferred while %s: it ends, and the status goes along",
  async (state) => {
    const issue = await begin(state);
    await stage.github.addRepository({ owner: "acme", name: "till" });
    const number = stage.github.transferIssue(shop, issue, { to: "acme/till", by: "rita" });
    await stage.pass(30_000);
    const [status, ...others] = stage.github
      .comments("acme/till", number)
      .filter(({ body }) => /\*\*asked|asked ·/.test(body));
    expect(others).toEqual([]);
    expect(status?.body).toContain("issue transferred.");
    expect(isEnded(stage, state)).toBe(true);
    await isOver(stage, { pulls: state === "resting" ? 1 : 0 });
  },
);

test.each(["working", "resting"])("the issue deleted while %s: it ends quietly", async (state) => {
  const issue = await begin(state);
  stage.github.deleteIssue(shop, issue, { by: "rita" });
  await stage.pass(30_000);
  expect(isEnded(stage, state)).toBe(true);
  await isOver(stage, { pulls: state === "resting" ? 1 : 0 });
});

test("converted to a discussion: GitHub closes and locks the issue, and the run ends as with any closed one", async () => {
  const issue = await begin("working");
  stage.github.closeIssue(shop, issue, { by: "rita" });
  stage.github.lock(shop, issue, { locked: true, by: "rita" });
  await stage.pass(30_000);
  expect(stage.status(issue)).toContain("Stopped by rita: issue closed.");
  await isOver(stage, { pulls: 0 });
});

test.each(["working", "held"])(
  "the default branch renamed while %s: the pull request goes to the new name",
  async (state) => {
    const issue = await begin(state);
    await stage.github.changeDefaultBranch(shop, { to: "trunk", by: "rita", rename: true });
    await stage.pass(10_000);
    if (state === "held") {
      const head = await stage.github.branchHead(shop, `claude/${stage.claude.sessions[0]?.id}`);
      stage.github.comment(shop, issue, { body: `/agent approve ${head}`, by: "rita" });
    }
    await stage.untilShown(issue, "opened #2");
    expect(stage.github.pull(shop, 2).base).toBe("trunk");
  },
);

test("the same, when the delivery is lost", async () => {
  const issue = await begin("working");
  stage.github.disturb({ kind: "lose", event: "repository", times: 1 });
  await stage.github.changeDefaultBranch(shop, { to: "trunk", by: "rita", rename: true });
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2).base).toBe("trunk");
});

test("another branch made the default: the run keeps to the one it was asked on", async () => {
  const issue = await begin("working");
  await stage.github.pushCommit(shop, "next", { files: { "next.txt": "next\n" }, by: "rita" });
  await stage.github.changeDefaultBranch(shop, { to: "next", by: "rita" });
  await stage.untilShown(issue, "opened #2");
  expect(stage.github.pull(shop, 2).base).toBe("main");
});

test("permissions reduced: refused with what is missing, in few calls, and told when they are back", async () => {
  const issue = await begin("working");
  stage.github.setPermissions(stage.installation, { contents: "read", metadata: "read" }, "rita");
  await stage.until("it has ended", () => endings(stage).length === 1);
  expect(endings(stage)).toEqual(["refused"]);
  expect(stage.headline(issue)).not.toContain("**refused**");
  stage.github.setPermissions(stage.installation, stage.github.app.permissions, "rita");
  await stage.pass(60_000);
  expect(stage.headline(issue)).toContain("**refused**");
  await isOver(stage, { pulls: 0 });
});
