/** The catalogue of triggers, what people hear where it is not plain yes or no. Each row is named by its case. */
import { afterEach, describe, expect, test } from "vitest";
import { doNothing, fixAndSubmit } from "../sim/claude/scripts.ts";
import { openedPull, reactionsTo, says, toldTo, transcript } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;
const permission = "/repos/{owner}/{repo}/collaborators/{username}/permission";
const own = (thread: number) =>
  transcript(stage, thread).filter((line) => line.startsWith(stage.github.app.botLogin));

async function asked(isPrivate = true): Promise<number> {
  stage = await setStage({ private: isPrivate });
  stage.plays(doNothing);
  return stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
}

describe("GitHub does not say who may", () => {
  test.each([true, false])(
    "for ten minutes, private: %s: told once, and begun when it does",
    async (isPrivate) => {
      const issue = await asked(isPrivate);
      const heal = stage.github.fault({ route: permission, kind: "status", status: 503 });
      stage.github.label(shop, issue, { label: "agent", by: "mona" });
      await stage.pass(9 * minute);
      expect(transcript(stage, issue)).toEqual([]);
      await stage.pass(40 * minute);
      expect(own(issue)).toEqual([
        expect.stringMatching(/GitHub has not said for ten minutes what permission mona has/),
      ]);
      expect(stage.claude.sessions).toEqual([]);
      heal();
      await stage.untilShown(issue, "no changes");
      expect(own(issue)).toHaveLength(2);
    },
  );

  test("and will not: no, told in a private repository", async () => {
    const issue = await asked();
    stage.github.fault({ route: permission, kind: "status", status: 403 });
    await says(stage, issue, "/agent fix");
    await stage.pass(5 * minute);
    expect(own(issue)).toEqual([expect.stringMatching(/mona could not be checked, because GitHub did not/)]);
    expect(stage.claude.sessions).toEqual([]);
  });

  test("and will not: no, with a reaction in a public one", async () => {
    const issue = await asked(false);
    stage.github.fault({ route: permission, kind: "status", status: 403 });
    const id = await says(stage, issue, "/agent fix");
    await stage.pass(5 * minute);
    expect([own(issue), reactionsTo(stage, issue, id)]).toEqual([[], ["confused"]]);
  });
});

describe("two commands in one comment", () => {
  test("the first is carried out, and the rest reported", async () => {
    const issue = await asked();
    stage.plays((agent) => agent.wait(30 * minute));
    await says(stage, issue, "/agent fix\n/agent stop");
    expect(stage.claude.sessions[0]?.status).toBe("running");
    await says(stage, issue, "/agent status\n\n/agent stop");
    expect(stage.claude.sessions[0]?.status).toBe("running");
    await says(stage, issue, "/agent stop\n\n> /agent fix\n\nThank you.");
    await stage.untilShown(issue, "stopped");
    const said = stage.github
      .comments(shop, issue)
      .filter(({ author }) => author === stage.github.app.botLogin)
      .map(({ body }) => body.includes("A comment has one command, the first."));
    // The status comment, the notice, the answer with the notice; the quoted one is none.
    expect(said.toSorted()).toEqual([false, true, true]);
  });
});

test("two people in the same second: one run, and the pull request names both", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  const { issue, pull } = await openedPull(stage);
  expect(stage.github.pull(shop, pull).body).toContain("asked by mona\n");
  const second = stage.github.openIssue(shop, { title: "Sub is wrong", author: "mona" });
  stage.plays(async (agent) => {
    if (agent.round === 1) await agent.wait(5 * minute);
    await fixAndSubmit({ path: "sub.txt" })(agent);
  });
  stage.github.comment(shop, second, { body: "/agent fix with tabs", by: "mona" });
  stage.github.comment(shop, second, { body: "/agent fix with tests", by: "rita" });
  await stage.untilShown(second, "opened #");
  expect(stage.claude.sessions).toHaveLength(2);
  expect(toldTo(stage.claude.sessions[1])[1]).toMatch(/further instructions by (rita|mona)/);
  const number = stage.github.pulls(shop).at(-1)?.number ?? 0;
  expect(stage.github.pull(shop, number).body).toMatch(
    /asked by (mona, steered by rita|rita, steered by mona)\n/,
  );
  expect(issue).not.toBe(second);
});
