/**
 * The simulated platform through the real SDK: agents at work with real git,
 * from a session to a pushed branch, with the tokens and refusals on the way.
 */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { goodToken, type Rehearsal, rehearse, repository, tools } from "../sim/claude/rehearsal.ts";
import type { CommandResult } from "../sim/claude/sandbox.ts";
import { doNothing, fixAndSubmit, pushFix } from "../sim/claude/scripts.ts";

let r: Rehearsal;
beforeEach(async () => {
  r = await rehearse();
});
afterEach(async () => {
  await r.stop();
  expect(r.sim.scriptErrors).toEqual([]);
});

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const branchOf = (sessionId: string) => `refs/heads/claude/${sessionId}`;

test("a session is opened, told, works, calls our tool, is answered and rests", async () => {
  r.sim.script(() => fixAndSubmit({ path: "src/a.txt", content: "fixed\n", title: "Fix it" }));
  const session = await r.open({ title: "acme/widgets#1", metadata: { run_id: "run_1" } });
  expect(session).toMatchObject({ status: "idle", title: "acme/widgets#1", metadata: { run_id: "run_1" } });

  await r.tell(session.id, "Fix issue 1");
  await r.settled();
  const call = (await r.events(session.id)).find((event) => event.type === "agent.custom_tool_use");
  if (!call) throw new Error("no call");
  expect(call.input).toEqual({ title: "Fix it", summary: "Fixed it." });
  expect((await r.events(session.id)).at(-1)).toMatchObject({
    type: "session.status_idle",
    stop_reason: { type: "requires_action", event_ids: [call.id] },
  });
  expect(r.host.git(repository, "show", `${branchOf(session.id)}:src/a.txt`)).toBe("fixed");

  await r.answer(session.id, call.id, "Pull request #2 is open.");
  await r.settled();
  const events = await r.events(session.id);
  expect(events.at(-1)).toMatchObject({ type: "session.status_idle", stop_reason: { type: "end_turn" } });
  expect(events.findLast((event) => event.type === "agent.message")).toMatchObject({
    content: [{ type: "text", text: "Pull request #2 is open." }],
  });
});

test("a follow-up message continues the session in the same sandbox", async () => {
  r.sim.script(() => async (agent) => {
    await pushFix({ message: agent.text })(agent);
    await pushFix({ message: "again" })(agent);
  });
  const session = await r.open();
  for (const text of ["one", "two"]) {
    await r.tell(session.id, text);
    await r.settled();
  }
  expect(r.host.git(repository, "log", "--format=%s", branchOf(session.id))).toBe("two\none\nFirst");
});

describe("tokens", () => {
  test("are seen by the git host only, and nowhere in what can be read", async () => {
    r.sim.script(() => async (agent) => {
      await agent.bash("env; cat .git/config; git remote -v");
      await pushFix()(agent);
    });
    const session = await r.open();
    await r.tell(session.id, "go");
    await r.settled();
    const readable = [
      await r.events(session.id),
      await r.client.beta.sessions.retrieve(session.id),
      r.sim.log,
    ];
    expect(JSON.stringify(readable)).not.toContain(goodToken);
    expect(r.sim.mounts(session.id)[0]?.tokens.map(({ sha256 }) => sha256)).toEqual([hash(goodToken)]);
    expect(new Set(r.sim.gitOperations.map(({ tokenSha256 }) => tokenSha256))).toEqual(
      new Set([hash(goodToken)]),
    );
  });

  test("are replaced by resource id among two repositories, a file and a memory store", async () => {
    r.host.add("acme/docs");
    const fileId = await r.upload("log.txt", "log");
    const store = r.sim.addMemoryStore("acme-widgets", "notes");
    const repositories = [repository, "acme/docs"].map((name) => ({
      type: "github_repository" as const,
      url: r.host.url(name),
      authorization_token: goodToken,
    }));
    const pushes: CommandResult[] = [];
    r.sim.script(() => async (agent) => {
      const docs = agent.at("acme/docs");
      await docs.write("a.txt", agent.text);
      await docs.commit(agent.text);
      pushes.push(await docs.push());
      expect(await agent.read("/mnt/session/uploads/log.txt")).toBe("log");
    });
    const session = await r.open({
      resources: [
        { type: "file", file_id: fileId },
        ...repositories,
        { type: "memory_store", memory_store_id: store, access: "read_only" },
      ],
    });
    const docs = session.resources.find(
      (one) => one.type === "github_repository" && one.url.endsWith("/docs"),
    );
    if (docs?.type !== "github_repository") throw new Error("no docs");
    r.host.tokens.add("ghs_second_token");
    const update = { session_id: session.id, authorization_token: "ghs_second_token" };
    const rotated = await r.client.beta.sessions.resources.update(docs.id, update);
    expect(rotated).toMatchObject({ id: docs.id, url: docs.url });

    await r.tell(session.id, "go");
    await r.settled();
    expect(pushes.map(({ ok }) => ok)).toEqual([true]);
    const pushed = r.sim.gitOperations.find(({ refs }) => refs.length > 0);
    expect(pushed).toMatchObject({ resourceId: docs.id, tokenSha256: hash("ghs_second_token"), status: 200 });
    expect(r.sim.mounts(session.id).map(({ tokens }) => tokens.length)).toEqual([1, 2]);
  });

  test("that have died are met in the middle of the work, and the next one heals it", async () => {
    const pushes: CommandResult[] = [];
    r.sim.script(() => async (agent) => {
      await agent.write("a.txt", agent.text);
      await agent.commit(agent.text);
      pushes.push(await agent.push());
    });
    const session = await r.open();
    await r.tell(session.id, "one");
    await r.settled();
    r.host.tokens.clear();
    await r.tell(session.id, "two");
    await r.settled();
    expect(r.sim.gitOperations.at(-1)?.status).toBe(401);
    r.host.tokens.add("ghs_fresh");
    const [resource] = session.resources;
    if (resource?.type !== "github_repository") throw new Error("no repository");
    const update = { session_id: session.id, authorization_token: "ghs_fresh" };
    await r.client.beta.sessions.resources.update(resource.id, update);
    await r.tell(session.id, "three");
    await r.settled();
    expect(pushes.map(({ ok }) => ok)).toEqual([true, false, true]);
  });
});

describe("pushes", () => {
  const push = async (ref: string) => {
    const results: CommandResult[] = [];
    r.sim.script(() => async (agent) => {
      await agent.write("a.txt", "a");
      await agent.commit("a");
      results.push(await agent.push({ ref: ref.replace("SESSION", agent.session.id) }));
    });
    const session = await r.open();
    await r.tell(session.id, "go");
    await r.settled();
    return results[0];
  };

  test.each(["refs/heads/main", "refs/heads/claude/another", "refs/heads/fix", "refs/tags/v1"])(
    "to %s are refused with 403 and leave no trace",
    async (ref) => {
      const result = await push(ref);
      expect(result).toMatchObject({ ok: false, output: expect.stringContaining("403") });
      expect(r.host.git(repository, "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
    },
  );

  test("to the session's own branch pass, and its deletion does not", async () => {
    expect(await push("refs/heads/claude/SESSION")).toMatchObject({ ok: true });
    const [session] = r.sim.sessions;
    if (!session) throw new Error("no session");
    r.sim.switches.pushPolicy = "claude_session_only";
    const deletions: CommandResult[] = [];
    r.sim.script(() => async (agent) => {
      deletions.push(await agent.bash(`git push origin :refs/heads/${agent.branch}`));
    });
    const other = await r.open();
    await r.tell(other.id, "delete");
    await r.settled();
    expect(deletions[0]?.ok).toBe(false);
  });

  test.each([
    ["allow_all", "refs/heads/anything", true],
    ["claude_prefix_only", "refs/heads/claude/anything", true],
    ["claude_prefix_only", "refs/heads/anything", false],
    ["current_branch_only", "refs/heads/main", true],
    ["current_branch_only", "refs/heads/claude/SESSION", false],
    ["fail_503", "refs/heads/claude/SESSION", false],
    ["expired_token", "refs/heads/claude/SESSION", false],
  ] as const)("under %s to %s: %s", async (policy, ref, ok) => {
    r.sim.switches.pushPolicy = policy;
    expect(await push(ref)).toMatchObject({ ok });
  });
});

describe("a clone that fails", () => {
  const url = () => r.host.url(repository);
  const cases = {
    repository_authentication_error: () => ({ url: url(), authorization_token: "ghs_wrong" }),
    repository_checkout_error: () => ({
      url: url(),
      authorization_token: goodToken,
      checkout: { type: "branch" as const, name: "nowhere" },
    }),
    repository_not_found_error: () => ({ url: r.host.url("acme/nothing"), authorization_token: goodToken }),
    repository_clone_error: () => ({
      url: "https://github.com/acme/widgets",
      authorization_token: goodToken,
    }),
  };

  test.each(Object.keys(cases) as (keyof typeof cases)[])(
    "is told as %s, and the session goes on",
    async (type) => {
      r.sim.script(() => async (agent) => {
        expect(agent.cloned).toBe(false);
        await doNothing(agent);
      });
      const session = await r.open({ resources: [{ type: "github_repository", ...cases[type]() }] });
      await r.tell(session.id, "go");
      await r.settled();
      const events = await r.events(session.id);
      expect(events.find((event) => event.type === "session.error")).toMatchObject({
        error: { type, retry_status: { type: "retrying" } },
      });
      expect(events.at(-1)).toMatchObject({ type: "session.status_idle", stop_reason: { type: "end_turn" } });
    },
  );
});

test("a commit can be checked out, and a tool that was switched off cannot be used", async () => {
  const sha = r.host.head(repository, "refs/heads/main") ?? "";
  r.sim.script(() => async (agent) => {
    expect(await agent.head()).toBe(sha);
    await agent.bash("true");
  });
  const session = await r.open({
    agent: {
      type: "agent_with_overrides",
      id: r.agentId,
      tools: [
        { type: "agent_toolset_20260401", configs: [{ name: "bash", enabled: false }] },
        ...tools.slice(1),
      ],
    },
    resources: [
      {
        type: "github_repository",
        url: r.host.url(repository),
        authorization_token: goodToken,
        checkout: { type: "commit", sha },
      },
    ],
  });
  await r.tell(session.id, "go");
  await r.settled();
  expect(String(r.sim.scriptErrors.splice(0)[0])).toContain("has no tool bash");
  expect((await r.client.beta.sessions.retrieve(session.id)).status).toBe("terminated");
});
