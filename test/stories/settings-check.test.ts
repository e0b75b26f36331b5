/** A pull request that changes the settings file is told on its head whether the file is valid. */
import { afterEach, expect, test } from "vitest";
import { fixAndSubmit } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const path = ".github/patchwright.yml";
const checks = () => stage.github.checkRuns(shop).filter(({ name }) => name === "patchwright settings");
const asked = () => stage.github.log.filter(({ route, method }) => route === "graphql" || method === "POST");
const push = (branch: string, files: Record<string, string | null>) =>
  stage.github.pushCommit(shop, branch, { files, by: "mona" });
const propose = (head: string, base = "main") =>
  stage.github.openPull(shop, { title: "Change", head, base, author: "mona" });

test("a valid change succeeds, a later mistake fails with its lines, and its repair succeeds", async () => {
  stage = await setStage();
  const first = await push("side", { [path]: "budget_usd: 3\n" });
  await propose("side");
  await stage.pass(1_000);
  expect(checks()).toMatchObject([{ headSha: first, status: "completed", conclusion: "success" }]);
  const second = await push("side", { [path]: "budget_usd: 3\nwho: nobody\nlimits: { file: 2 }\n" });
  await stage.pass(1_000);
  expect(checks().at(-1)).toMatchObject({
    headSha: second,
    conclusion: "failure",
    output: {
      title: "The settings have 2 mistakes",
      summary: expect.stringMatching(
        /line 2: `who` must be one of.*\n- line 3: `limits\.file` is not a setting; did you mean `files`\?/,
      ),
      annotations: 2,
    },
  });
  await push("side", { [path]: "budget_usd: 3\nwho: admin\n" });
  await stage.pass(1_000);
  expect(checks().map(({ conclusion }) => conclusion)).toEqual(["success", "failure", "success"]);
});

test("other pull requests cost one question and get nothing", async () => {
  stage = await setStage({ files: { "README.md": "# shop\n", [path]: "who: write\n" } });
  await push("old", { "add.js": "export {};\n" });
  await stage.github.pushCommit(shop, "main", { files: { [path]: "who: admin\n" }, by: "rita" });
  await push("code", { "mul.js": "export {};\n" });
  await push("gone", { [path]: null });
  await push("other-base", { [path]: "who: nobody\n" });
  await stage.pass(1_000);
  const before = asked().length;
  await propose("code");
  await propose("gone");
  await propose("other-base", "old");
  await stage.pass(1_000);
  // Who we are is asked with the first, as the App and as the installation.
  expect(
    asked()
      .slice(before)
      .filter(({ route }) => route === "graphql"),
  ).toHaveLength(2);
  // An old branch has the old file, and does not change it.
  await propose("old");
  await stage.pass(1_000);
  expect(checks()).toEqual([]);
});

test("what a repository wishes for and will not get is said", async () => {
  stage = await setStage({
    beforehand: ({ github }) =>
      github.addRepository({ owner: "acme", name: ".github", files: { [path]: "budget_usd: 3\n" } }),
  });
  await push("side", { [path]: "budget_usd: 9\n" });
  await propose("side");
  await stage.pass(1_000);
  expect(checks()).toMatchObject([
    { conclusion: "success", output: { summary: expect.stringContaining("`budget_usd` can only narrow") } },
  ]);
});

test("our own pull requests cost no question", async () => {
  stage = await setStage();
  stage.plays(fixAndSubmit());
  await stage.untilShown(stage.labelled(), "opened #2");
  const graphql = stage.github.log.filter(({ route }) => route === "graphql");
  // The settings, and the template of the pull request.
  expect(graphql).toHaveLength(2);
  expect(checks()).toEqual([]);
});
