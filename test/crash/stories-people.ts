/** Stories of what people ask for besides: a plan first, a word about how things stand, more money, another try. */
import type { Script } from "../sim/claude/agent.ts";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { issue, type Scene, shop } from "./scene.ts";
import { labelled, opened, type Story, says, shows, work } from "./story.ts";

const rests = (scene: Scene) => scene.rows("runs")[0]?.["phase"] === "resting";
/** The run has ended, and not in the second in which it was stopped: of words of one second the stop counts. */
const hasEnded = (scene: Scene) =>
  scene.rows("runs")[0]?.["phase"] === "ended" &&
  scene.github.comments(shop, issue).every(({ createdAt }) => createdAt < scene.clock.now() - 1_000);

const openedAndRests = (scene: Scene) => shows("opened #2")(scene) && rests(scene);

/** Proposes until it is approved, then works. */
const planner: Script = async (agent) => {
  const answer = await agent.custom("propose_plan", { plan: "Add both numbers." });
  if (/approved this plan/.test(answer.text)) await work(agent);
};

/** A failed check of GitHub's own on what the session pushed. */
const failChecks = ({ github, claude }: Scene) =>
  github.completeSuite(shop, {
    branch: `claude/${claude.sessions[0]?.id}`,
    runs: [{ name: "unit", conclusion: "failure", title: "1 of 9 failed", summary: "add is wrong" }],
  });

/** Works, and when it is asked again merges the base into what it pushed. */
const worksOrMerges: Script = async (agent) => {
  if (agent.round === 1) return work(agent);
  await agent.fetch();
  await agent.merge("main");
  await agent.push();
  await agent.say("Both changes are in.");
};

/** Waits to be stopped, unless somebody has prepared the ground since. */
const waitsOrWorks: Script = async (agent) => {
  if ((await agent.read("ready.txt")) === undefined) await agent.wait(3_600_000);
  await work(agent);
};

/** Stories in which people talk to a run. */
export const talks: Story[] = [
  {
    name: "plan",
    script: planner,
    acts: [
      {
        when: () => true,
        does: ({ github }) => {
          github.openIssue(shop, { title: "Add is wrong", body: "It adds one.", author: "mona" });
          github.comment(shop, issue, { body: "/agent plan", by: "mona" });
        },
      },
      says(shows("waiting for approval"), "/agent approve", "rita"),
    ],
    ends: { ...opened, waitsForPeople: true },
    points: 224,
  },
  {
    name: "reply",
    script: work,
    acts: [labelled, says(openedAndRests, "/agent status", "mona"), says(() => true, "/agent help", "rita")],
    ends: { ...opened, comments: 2 },
    points: 214,
  },
  {
    name: "budget",
    script: async (agent) => {
      await agent.spend(501);
      await work(agent);
    },
    acts: [labelled, says(shows("budget reached"), "/agent budget 9", "rita")],
    ends: { ...opened, rounds: 2, comments: 1 },
    points: 238,
  },
  {
    name: "retry",
    script: waitsOrWorks,
    isBrief: true,
    acts: [
      labelled,
      says(({ claude }) => claude.sessions[0]?.status === "running", "/agent stop", "mona"),
      {
        when: hasEnded,
        does: async ({ github }) => {
          await github.pushCommit(shop, "main", { files: { "ready.txt": "yes\n" }, by: "rita" });
          github.comment(shop, issue, { body: "/agent retry", by: "mona" });
        },
      },
    ],
    ends: { ...opened, messages: 2, runs: 2 },
    points: 252,
  },
  {
    name: "failed checks",
    script: fixAndSubmit(),
    acts: [labelled, { when: openedAndRests, does: failChecks }],
    ends: { ...opened, rounds: 2, messages: 2, comments: 1 },
    points: 270,
  },
  {
    name: "conflict",
    script: worksOrMerges,
    acts: [
      labelled,
      {
        when: openedAndRests,
        does: async ({ github }) => {
          const files = { "add.js": "export const add = sum;\n", CODEOWNERS: "* @rita\n" };
          await github.pushCommit(shop, "main", { files, by: "rita" });
          github.comment(shop, 2, { body: "/agent fix Resolve the conflict.", by: "rita" });
        },
      },
    ],
    ends: { ...opened, rounds: 2, messages: 2, comments: 1 },
    points: 256,
  },
  {
    name: "several places",
    prepare: async ({ github }) => {
      await github.addRepository({ owner: "acme", name: "lib", files: { "lib.js": "export {};\n" } });
      github.setRole("acme/lib", "mona", "read");
      const files = { ".github/patchwright.yml": "repositories: [acme/lib]\n" };
      await github.pushCommit(shop, "main", { files, by: "rita" });
    },
    script: work,
    acts: [labelled],
    ends: opened,
    points: 216,
  },
  {
    name: "pacing",
    prepare: ({ github }) =>
      github.fault({
        ...{ method: "POST", route: "/repos/{owner}/{repo}/issues/{issue_number}/comments", times: 1 },
        ...{ kind: "status", status: 403, headers: { "retry-after": "90" } },
      }),
    // As asked, and a tenth more so that many do not come back together.
    pausedMs: 99_000,
    script: work,
    acts: [labelled],
    ends: opened,
    points: 206,
  },
  {
    name: "refusal",
    script: work,
    acts: [
      {
        when: () => true,
        does: ({ github }) => {
          github.addUser("otto");
          github.openIssue(shop, { title: "Add is wrong", author: "otto" });
          github.comment(shop, issue, { body: "/agent fix", by: "otto" });
        },
      },
      says(() => true, "/agent fix", "mona"),
    ],
    ends: { ...opened, comments: 1 },
    points: 204,
  },
];
