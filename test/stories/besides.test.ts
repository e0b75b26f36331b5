/** Several repositories: the settings' others are mounted to read, each with a token of its own, or refused by name. */
import { afterEach, expect, test } from "vitest";
import type { Agent } from "../sim/claude/agent.ts";
import { workForHours } from "../sim/claude/scripts.ts";
import { says } from "./conversation.ts";
import { labelledWith } from "./settled.ts";
import { type Setting, type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;

/** A stage with `acme/lib` (private), `acme/open` (public) and somebody else's `other/lib` beside the shop. */
async function set(setting: Setting = {}) {
  stage = await setStage({
    ...setting,
    beforehand: async ({ github }) => {
      github.addOrganization("other");
      await github.addRepository({
        owner: "acme",
        name: "lib",
        files: { "lib.js": "export const two = 2;\n" },
      });
      await github.addRepository({ owner: "acme", name: "open", private: false });
      await github.addRepository({ owner: "other", name: "lib", private: false });
      github.install("other");
    },
  });
}

const settled = (repositories: string[]) => labelledWith(stage, { repositories });

const scopes = () =>
  stage.github.tokens().flatMap(({ repositoryIds, permissions }) => {
    const names = repositoryIds?.map((id) => stage.github.repositoryName(id));
    return names ? [`${names.join()} ${permissions["contents"]}`] : [];
  });

test("others are mounted read only, each with a least token of its own, and the agent is told", async () => {
  await set();
  stage.github.setRole("acme/lib", "mona", "read");
  const seen: { text?: string; lib?: string | undefined; pushed?: unknown } = {};
  stage.plays(async (agent: Agent) => {
    seen.text = agent.text;
    const lib = agent.at("acme/lib");
    seen.lib = await lib.read("lib.js");
    await lib.write("lib.js", "export const two = 3;\n");
    await lib.commit("Change it");
    seen.pushed = await lib.push().catch((error: unknown) => error);
  });
  const issue = await settled(["acme/lib", "Acme/Open", "acme/shop", "acme/lib"]);
  await stage.untilShown(issue, "no changes");
  const order = stage.claude.log.findLast(({ method, path }) => method === "POST" && path === "/v1/sessions");
  const { resources } = (order?.requestBody ?? {}) as { resources: { url: string; mount_path: string }[] };
  expect(resources.map(({ url, mount_path }) => [url.split("/").slice(-2).join("/"), mount_path])).toEqual([
    ["acme/shop", "/workspace/shop"],
    ["acme/lib", "/workspace/lib"],
    ["acme/open", "/workspace/open"],
  ]);
  expect(seen.lib).toContain("two = 2");
  expect(seen.text).toContain(
    "To read only, beside it: /workspace/lib (acme/lib), /workspace/open (acme/open).",
  );
  expect(new Set(scopes())).toEqual(new Set(["acme/shop write", "acme/lib read", "acme/open read"]));
  expect(await stage.github.file("acme/lib", "main", "lib.js")).toContain("two = 2");
});

test("each token is replaced by its own resource's id, for as long as the session works", async () => {
  await set();
  stage.github.setRole("acme/lib", "mona", "read");
  stage.plays(workForHours(3, 20));
  const issue = await settled(["acme/lib"]);
  await stage.untilShown(issue, "opened #");
  const [session] = stage.claude.sessions;
  const mounts = stage.claude.mounts(session?.id ?? "");
  expect(mounts.map(({ repository }) => repository)).toEqual(["acme/shop", "acme/lib"]);
  for (const { tokens, repository } of mounts) {
    expect(tokens.length).toBeGreaterThanOrEqual(4);
    for (const { sha256 } of tokens) {
      const token = stage.github.tokens().find((one) => one.sha256 === sha256);
      expect(token?.repositoryIds?.map((id) => stage.github.repositoryName(id))).toEqual([repository]);
    }
  }
});

test.each<[string, string[], Setting, (stage: Stage) => void, RegExp]>([
  [
    "one that is not there",
    ["acme/nowhere"],
    {},
    () => undefined,
    /`acme\/nowhere` does not exist or is not part/,
  ],
  [
    "one of another installation",
    ["other/lib"],
    {},
    () => undefined,
    /`other\/lib` does not exist or is not part/,
  ],
  ["one the requester may not read", ["acme/lib"], {}, () => undefined, /mona may not read `acme\/lib`/],
  [
    "a private one beside a public one, whoever asks",
    ["acme/lib"],
    { private: false },
    ({ github }) => github.setRole("acme/lib", "mona", "admin"),
    /`acme\/lib` is private, but acme\/shop is public/,
  ],
])(
  "%s is refused by name, before a session is opened",
  async (_what, repositories, setting, prepare, words) => {
    await set(setting);
    prepare(stage);
    const issue = await settled(["acme/open", ...repositories]);
    await stage.untilShown(issue, "refused");
    expect(stage.status(issue)).toMatch(words);
    expect(stage.status(issue)).not.toContain("`acme/open`");
    expect(stage.claude.sessions).toEqual([]);
  },
);

test("one that is renamed meanwhile goes on under its number", async () => {
  await set();
  stage.github.setRole("acme/lib", "mona", "read");
  stage.plays(workForHours(2, 20));
  const issue = await settled(["acme/lib"]);
  await stage.pass(10 * minute);
  stage.github.rename("acme/lib", "library", "rita");
  await stage.untilShown(issue, "opened #");
  expect(scopes().filter((one) => one === "acme/library read").length).toBeGreaterThanOrEqual(2);
});

test("one that is taken out of the installation ends the run as refused, with its name", async () => {
  await set();
  stage.github.setRole("acme/lib", "mona", "read");
  stage.plays(workForHours(3, 20));
  const issue = await settled(["acme/lib"]);
  await stage.pass(10 * minute);
  stage.github.select(stage.installation, "acme/lib", { isIn: false, by: "rita" });
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toContain(
    "`acme/lib`, which is mounted besides, was deleted, transferred or taken out",
  );
});

test("a requester who may not read one any more gets no further token for it", async () => {
  await set();
  stage.github.setRole("acme/lib", "mona", "read");
  stage.plays(workForHours(3, 20));
  const issue = await settled(["acme/lib"]);
  await stage.pass(10 * minute);
  stage.github.setRole("acme/lib", "mona", "none");
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toContain("mona may not read `acme/lib`");
  expect(scopes().filter((one) => one === "acme/lib read")).toHaveLength(1);
});

test("a later round asks again before the first token", async () => {
  await set();
  stage.github.setRole("acme/lib", "mona", "read");
  stage.plays(workForHours(1, 20));
  const issue = await settled(["acme/lib"]);
  await stage.untilShown(issue, "opened #");
  stage.github.setRole("acme/lib", "mona", "none");
  await stage.pass(2 * minute);
  const before = scopes();
  await says(stage, issue, "/agent fix More of it");
  await stage.untilShown(issue, "refused");
  expect(scopes().slice(before.length)).not.toContain("acme/lib read");
});

test("a session that has to wait is opened by what is so then", async () => {
  await set();
  stage.github.setRole("acme/lib", "mona", "read");
  const trouble = { kind: "status", status: 529 } as const;
  const undo = stage.claude.fault({ on: "POST /v1/sessions", times: 1_000, trouble });
  const issue = await settled(["acme/lib"]);
  await stage.pass(3 * minute);
  stage.github.setRole("acme/lib", "mona", "none");
  await stage.pass(25 * minute);
  undo();
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toContain("mona may not read `acme/lib`");
  expect(stage.claude.sessions).toEqual([]);
});

test("a later round is for whoever opens it: their permission counts, not the first requester's", async () => {
  await set();
  stage.github.addUser("nora");
  stage.github.setRole(shop, "nora", "write");
  stage.github.setRole("acme/lib", "mona", "read");
  stage.plays(workForHours(1, 20));
  const issue = await settled(["acme/lib"]);
  await stage.untilShown(issue, "opened #");
  const before = scopes();
  await says(stage, issue, "/agent fix Tell me what is in the library", "nora");
  await stage.untilShown(issue, "refused");
  expect(stage.status(issue)).toContain("nora may not read `acme/lib`");
  expect(scopes().slice(before.length)).not.toContain("acme/lib read");
});
