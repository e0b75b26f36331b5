/** Hours of an agent's work in seconds: a virtual clock, real git, and a token that is replaced on the way. */
import { expect, test } from "vitest";
import { goodToken, rehearse, repository } from "../sim/claude/rehearsal.ts";
import { askMaintainer, workForHours } from "../sim/claude/scripts.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const minuteMs = 60_000;

test("an agent works for two hours, waits without being active, and meets each token in its time", async () => {
  const clock = new VirtualClock();
  const r = await rehearse({ clock, heartbeatMs: 0 });
  r.sim.script(() => workForHours(2, 30));
  const session = await r.open();
  const [resource] = session.resources;
  if (resource?.type !== "github_repository") throw new Error("no repository");
  await r.tell(session.id, "take your time");
  await r.settled();

  for (let round = 1; round <= 4; round += 1) {
    expect((await r.client.beta.sessions.retrieve(session.id)).status).toBe("running");
    const token = `ghs_round_${round}`;
    r.host.tokens.clear();
    r.host.tokens.add(token);
    const update = { session_id: session.id, authorization_token: token };
    await r.client.beta.sessions.resources.update(resource.id, update);
    expect(r.sim.busy()).toBe(0);
    await clock.advance(30 * minuteMs);
    await r.settled();
  }
  expect(
    r.host.git(repository, "rev-list", "--count", `refs/heads/${r.sim.session(session.id).branch}`),
  ).toBe("5");
  expect(r.sim.gitOperations.every(({ status }) => status === 200)).toBe(true);
  expect(new Set(r.sim.gitOperations.map(({ tokenSha256 }) => tokenSha256)).size).toBe(5);
  expect(r.sim.mounts(session.id)[0]?.tokens).toHaveLength(5);
  const { usage, stop } = {
    usage: r.sim.session(session.id).usageSnapshot(),
    stop: r.sim.session(session.id).stop,
  };
  expect(usage.active_seconds).toBe(7200);
  expect(stop?.type).toBe("requires_action");
  await r.stop();
  expect(r.sim.scriptErrors).toEqual([]);
});

test("the platform can be stopped in the middle of everything", async () => {
  const clock = new VirtualClock();
  const r = await rehearse({ clock, heartbeatMs: 0 });
  r.sim.script((session) =>
    session.title === "ask" ? askMaintainer("which?", ["a", "b"]) : workForHours(1, 10),
  );
  for (const title of ["ask", "work", "work"]) await r.tell((await r.open({ title })).id, "go");
  const [asking] = r.sim.sessions;
  const stream = await r.client.beta.sessions.events.stream(asking?.id ?? "");
  await r.stop();
  stream.controller.abort();
  expect(r.sim.scriptErrors).toEqual([]);
  expect(r.sim.busy()).toBe(0);
  expect(JSON.stringify(r.sim.log)).not.toContain(goodToken);
});
