/**
 * The simulated platform through the real SDK: what a session accepts when, in which order it tells
 * what happens, and how its turns end.
 */
import Anthropic from "@anthropic-ai/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Agent } from "../sim/claude/agent.ts";
import { type Rehearsal, rehearse } from "../sim/claude/rehearsal.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

let r: Rehearsal;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  r = await rehearse({ clock, heartbeatMs: 0 });
});
afterEach(async () => {
  await r.stop();
  expect(r.sim.scriptErrors).toEqual([]);
});

const minuteMs = 60_000;
const send = (id: string, ...events: Anthropic.Beta.Sessions.EventSendParams["events"]) =>
  r.client.beta.sessions.events.send(id, { events });
const message = (text: string) => ({
  type: "user.message" as const,
  content: [{ type: "text" as const, text }],
});
const interrupt = { type: "user.interrupt" as const };

/** Opens a bare session, plays the script on one message and lets it come to rest or to a wait. */
async function play(script: (agent: Agent) => Promise<void>, params: Parameters<Rehearsal["open"]>[0] = {}) {
  r.sim.script(() => script);
  const { id } = await r.open({ resources: [], ...params });
  await r.tell(id, "go");
  await r.settled();
  return id;
}

const lastIdle = async (id: string) =>
  (await r.events(id)).findLast((event) => event.type === "session.status_idle");
const status = async (id: string) => (await r.client.beta.sessions.retrieve(id)).status;

test("a turn is told in the platform's order", async () => {
  const id = await play(async (agent) => {
    await agent.think();
    await agent.say("done");
    await agent.bash("echo hello");
  });
  expect(await r.types(id)).toEqual([
    "session.status_running",
    "session.thread_status_running",
    "user.message",
    ...["span.model_request_start", "agent.thinking", "span.model_request_end"],
    ...["span.model_request_start", "agent.message", "span.model_request_end"],
    ...["span.model_request_start", "agent.tool_use", "span.model_request_end", "agent.tool_result"],
    "session.thread_status_idle",
    "session.usage",
    "session.status_idle",
  ]);
});

describe("messages", () => {
  test("sent while running wait with processed_at null and are processed with the same id", async () => {
    const texts: string[] = [];
    const id = await play(async (agent) => {
      texts.push(agent.text);
      await agent.wait(minuteMs);
    });
    const sent = await send(id, message("later"));
    const [queued] = sent.data ?? [];
    expect(queued).toMatchObject({ type: "user.message", processed_at: null });
    expect((await r.events(id)).at(-1)).toMatchObject({ id: queued?.id, processed_at: null });
    await clock.advance(minuteMs);
    await r.settled();
    expect(texts).toEqual(["go", "later"]);
    expect((await r.events(id)).find((event) => event.id === queued?.id)?.processed_at).not.toBeNull();
  });

  test("wait for one another within a script by nextMessage", async () => {
    const texts: string[] = [];
    const id = await play(async (agent) => {
      texts.push(agent.text, await agent.nextMessage(), await agent.nextMessage());
    });
    await r.tell(id, "two");
    await r.settled();
    expect(await status(id)).toBe("idle");
    await r.tell(id, "three");
    await r.settled();
    expect(texts).toEqual(["go", "two", "three"]);
  });

  test("given at the start make the session run at once and are listed", async () => {
    r.sim.script(() => (agent) => agent.wait(minuteMs));
    const session = await r.open({ resources: [], initial_events: [message("at once")] });
    expect(session.status).toBe("running");
    expect(await r.types(session.id)).toContain("user.message");
  });
});

describe("calls of our tools", () => {
  const call = async (agent: Agent) => {
    const answers = await agent.customs([
      { name: "ask_maintainer", input: { question: "a?" } },
      { name: "ask_maintainer", input: { question: "b?" } },
    ]);
    await agent.say(answers.map(({ text }) => text).join());
  };

  test("need every answer, each once, whatever the order", async () => {
    const id = await play(call);
    const idle = await lastIdle(id);
    if (idle?.stop_reason.type !== "requires_action") throw new Error("not waiting");
    const [a = "", b = ""] = idle.stop_reason.event_ids;
    await r.answer(id, b, "B");
    expect(await status(id)).toBe("idle");
    await expect(r.answer(id, b, "again")).rejects.toThrow(Anthropic.BadRequestError);
    await r.answer(id, a, "A");
    await r.settled();
    expect((await r.events(id)).findLast((event) => event.type === "agent.message")).toMatchObject({
      content: [{ text: "A,B" }],
    });
    await expect(r.answer(id, a, "late")).rejects.toThrow(/is not waiting for a result/);
  });

  test("keep messages out until they are answered or interrupted", async () => {
    const id = await play(call);
    await expect(r.tell(id, "hello?")).rejects.toThrow(/waiting on responses to events \[sevt_/);
    await send(id, interrupt, message("never mind"));
    await r.settled();
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "requires_action" } });
    expect((await r.types(id)).filter((type) => type === "user.message")).toHaveLength(2);
  });

  test("and permissions are different things", async () => {
    const decisions: string[] = [];
    const id = await play(async (agent) => {
      const { result, denyMessage } = await agent.ask("bash", { command: "rm" });
      decisions.push(`${result}: ${denyMessage}`);
    });
    const use = (await r.events(id)).find((event) => event.type === "agent.tool_use");
    const tool_use_id = use?.id ?? "";
    expect(use).toMatchObject({ evaluated_permission: "ask" });
    await expect(r.answer(id, tool_use_id, "no")).rejects.toThrow(Anthropic.BadRequestError);
    await send(id, {
      type: "user.tool_confirmation",
      tool_use_id,
      result: "deny",
      deny_message: "not allowed",
    });
    await r.settled();
    expect(decisions).toEqual(["deny: not allowed"]);
  });
});

describe("an interrupt", () => {
  test("stops the step and ends the turn with end_turn", async () => {
    const id = await play((agent) => agent.wait(60 * minuteMs));
    expect(await status(id)).toBe("running");
    await send(id, interrupt);
    await r.settled();
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "end_turn" } });
    expect(await status(id)).toBe("idle");
  });

  test("is noticed late when the platform is slow", async () => {
    r.sim.switches.interruptLagMs = 5000;
    const id = await play((agent) => agent.wait(60 * minuteMs));
    await send(id, interrupt);
    await r.settled();
    expect(await status(id)).toBe("running");
    await clock.advance(5000);
    await r.settled();
    expect(await status(id)).toBe("idle");
  });

  test("ends one turn and a message in the same request starts the next", async () => {
    const texts: string[] = [];
    const id = await play(async (agent) => {
      texts.push(agent.text);
      await agent.wait(60 * minuteMs);
    });
    await send(id, interrupt, message("instead"));
    await r.settled();
    expect(texts).toEqual(["go", "instead"]);
    expect(await status(id)).toBe("running");
  });

  test("of a session at rest is taken and means nothing", async () => {
    const id = await play((agent) => agent.say("done"));
    const before = await r.types(id);
    await send(id, interrupt);
    expect(await r.types(id)).toEqual([...before, "user.interrupt"]);
  });
});

describe("a budget", () => {
  const limit = (amount: string) => ({
    type: "limit" as const,
    max_list_cost: { amount, currency: "USD" as const },
  });
  const spender = async (agent: Agent) => {
    await agent.spend(60);
    await agent.spend(60);
    await agent.say("went on");
  };

  test("pauses the session, keeps messages out, and a greater one lets it go on", async () => {
    const id = await play(spender, { budget: limit("100") });
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "budget_reached" } });
    expect((await r.client.beta.sessions.retrieve(id)).usage.list_cost).toEqual({
      amount: "120",
      currency: "USD",
    });
    await expect(r.tell(id, "go on")).rejects.toThrow(/budget is reached/);
    await send(id, interrupt);
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "budget_reached" } });
    await expect(r.client.beta.sessions.update(id, { budget: limit("120") })).rejects.toThrow(/must exceed/);
    await r.client.beta.sessions.update(id, { budget: limit("121") });
    await r.settled();
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "end_turn" } });
    expect(await r.types(id)).toContain("agent.message");
  });

  test("can be removed for good, and never added later", async () => {
    const id = await play(spender, { budget: limit("100") });
    await r.client.beta.sessions.update(id, { budget: null });
    await r.settled();
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "end_turn" } });
    await expect(r.client.beta.sessions.update(id, { budget: limit("500") })).rejects.toMatchObject({
      status: 400,
      errorCode: "budget_create_only",
    });
  });

  test.each(["12.50", "012", "0", "-1"])("of %s is refused", async (amount) => {
    await expect(r.open({ budget: limit(amount) })).rejects.toThrow(Anthropic.BadRequestError);
  });
});

describe("other endings", () => {
  test("a refusal carries its details and the session can go on", async () => {
    const id = await play((agent) => agent.refuse("declined"));
    expect(await lastIdle(id)).toMatchObject({
      stop_reason: { type: "refusal" },
      stop_details: { type: "refusal", explanation: "declined" },
    });
    await r.tell(id, "please");
    expect((await r.types(id)).filter((type) => type === "session.status_running")).toHaveLength(2);
  });

  test("retries are exhausted after an error that says so", async () => {
    const id = await play((agent) => agent.exhaustRetries());
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "retries_exhausted" } });
    expect(await r.types(id)).toContain("session.error");
  });

  test("a terminated session takes no events and is not archived", async () => {
    const id = await play(async (agent) => agent.terminate());
    expect(await r.client.beta.sessions.retrieve(id)).toMatchObject({
      status: "terminated",
      archived_at: null,
    });
    await expect(r.tell(id, "hello?")).rejects.toThrow(Anthropic.BadRequestError);
    expect(await r.client.beta.sessions.archive(id)).toMatchObject({ archived_at: expect.any(String) });
  });

  test("a rescheduled session comes back by itself", async () => {
    const id = await play((agent) => agent.reschedule(minuteMs));
    expect(await status(id)).toBe("rescheduling");
    await clock.advance(minuteMs);
    await r.settled();
    expect(await lastIdle(id)).toMatchObject({ stop_reason: { type: "end_turn" } });
  });
});
