/** A repository that is taken away and given back, heard in any order: what is so now counts. */
import { afterEach, expect, test } from "vitest";
import { lastSent, post, verdictOf } from "./knocks.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const ways = [
  [
    "taken out of the installation",
    ["installation_repositories", "removed"],
    (isAway: boolean) => stage.github.select(stage.installation, shop, { isIn: !isAway, by: "rita" }),
  ],
  [
    "archived",
    ["repository", "archived"],
    (isAway: boolean) => stage.github.archive(shop, { archived: isAway, by: "rita" }),
  ],
] as const;

async function open(): Promise<number> {
  stage = await setStage();
  stage.plays((agent) => agent.wait(3 * hourMs));
  await stage.github.addRepository({ owner: "acme", name: "till" });
  const issue = stage.github.openIssue(shop, { title: "Add is wrong", author: "mona" });
  await stage.pass(minuteMs);
  return issue;
}

test.each(ways)(
  "%s a minute late, and labelled after it was back: the run goes on",
  async (_, [event, action], act) => {
    const issue = await open();
    stage.github.disturb({ event, action, times: 1, kind: "delay", ms: minuteMs });
    act(true);
    await stage.pass(5_000);
    act(false);
    await stage.pass(5_000);
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(10 * minuteMs);
    expect(stage.headline(issue)).toContain("**working");
  },
);

test.each(ways)(
  "%s twice, in the same words: the second time the run ends",
  async (_, [event, action], act) => {
    const issue = await open();
    for (const isAway of [true, false]) {
      act(isAway);
      await stage.pass(minuteMs);
    }
    stage.github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.pass(10 * minuteMs);
    expect(stage.headline(issue)).toContain("**working");
    act(true);
    await stage.pass(10 * minuteMs);
    expect(stage.claude.sessions[0]?.status).not.toBe("running");
    // A replay, once it is back and another run works, is nothing.
    const first = lastSent(stage, `${event}.${action}`);
    act(false);
    await stage.pass(minuteMs);
    const other = stage.labelled({ title: "Another" });
    await stage.pass(10 * minuteMs);
    await post(stage, first, "replay");
    await stage.pass(10 * minuteMs);
    expect([verdictOf(stage, "replay"), stage.headline(other)]).toEqual([
      "ignored: it is not so any more",
      expect.stringContaining("**working"),
    ]);
  },
);

test.each([
  ...ways.map(([name, , act]) => [name, () => act(true)] as const),
  ["made public", () => stage.github.publicize(shop, { by: "rita" })] as const,
])(
  "labelled, then the repository is %s, and the label comes a minute late: nothing works",
  async (_, act) => {
    stage = await setStage({ allows: ["failed push"] });
    stage.plays((agent) => agent.wait(3 * hourMs));
    await stage.github.addRepository({ owner: "acme", name: "till" });
    stage.github.disturb({ event: "issues", action: "labeled", times: 1, kind: "delay", ms: minuteMs });
    stage.labelled();
    await stage.pass(10_000);
    act();
    await stage.pass(hourMs);
    expect(stage.claude.sessions.filter(({ status }) => status === "running")).toEqual([]);
  },
);

test.each(["/repos/{owner}/{repo}", "/repos/{owner}/{repo}/installation"])(
  "archived while GitHub does not answer %s: stopped all the same",
  async (route) => {
    stage = await setStage({ allows: ["failed push"] });
    stage.plays((agent) => agent.wait(5 * hourMs));
    await stage.pass(minuteMs);
    stage.labelled();
    await stage.pass(10 * minuteMs);
    expect(stage.claude.sessions[0]?.status).toBe("running");
    stage.github.fault({ method: "GET", route, kind: "status", status: 503 });
    stage.github.archive(shop, { archived: true, by: "rita" });
    await stage.pass(2 * minuteMs);
    expect(stage.claude.sessions[0]?.status).not.toBe("running");
  },
);
