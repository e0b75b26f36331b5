/**
 * The simulated platform through the real SDK: event streams, what they never repeat, how they break,
 * and how a reader that lists after it has opened loses nothing.
 */
import Anthropic from "@anthropic-ai/sdk";
import { request } from "undici";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StreamTrouble } from "../sim/claude/faults.ts";
import { type Rehearsal, rehearse } from "../sim/claude/rehearsal.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

type Stream = Awaited<ReturnType<Anthropic["beta"]["sessions"]["events"]["stream"]>>;

let r: Rehearsal;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  r = await rehearse({ clock });
  r.sim.script(() => async (agent) => {
    await agent.say("one");
    await agent.say("two");
  });
});
afterEach(async () => {
  await r.stop();
  expect(r.sim.scriptErrors).toEqual([]);
});

const streamRoute = "GET /v1/sessions/:id/events/stream";
const bare = () => r.open({ resources: [] });

/** Reads until the session rests or the stream ends; an error is returned as the last entry. */
async function read(stream: Stream): Promise<string[]> {
  const types: string[] = [];
  try {
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === "session.status_idle") break;
    }
  } catch (error) {
    types.push(error instanceof Anthropic.APIError ? `error ${error.type}` : "cut");
  }
  return types;
}

async function struck(trouble: StreamTrouble): Promise<string[]> {
  r.sim.streamFault({ on: streamRoute, trouble });
  const { id } = await bare();
  const stream = await r.client.beta.sessions.events.stream(id);
  const reading = read(stream);
  await r.tell(id, "go");
  return reading;
}

test("every reader sees what happens from now on, queued messages twice, and nothing of before", async () => {
  const { id } = await bare();
  const streams = await Promise.all([1, 2].map(() => r.client.beta.sessions.events.stream(id)));
  const readings = streams.map(read);
  await r.tell(id, "go");
  const [first = [], second] = await Promise.all(readings);
  expect(first).toEqual(second);
  expect(first.slice(0, 4)).toEqual([
    "user.message",
    "session.status_running",
    "session.thread_status_running",
    "user.message",
  ]);
  const late = read(await r.client.beta.sessions.events.stream(id));
  await r.tell(id, "again");
  expect(await late).toHaveLength(first.length);
});

test("previews come before the message for those who ask", async () => {
  const { id } = await bare();
  const stream = await r.client.beta.sessions.events.stream(id, { event_deltas: ["agent.message"] });
  const reading = read(stream);
  await r.tell(id, "go");
  const types = await reading;
  const at = types.indexOf("event_start");
  expect(types.slice(at, at + 3)).toEqual(["event_start", "event_delta", "agent.message"]);
  expect(await r.types(id)).not.toContain("event_start");
});

test.each([
  [
    { kind: "cut", afterFrames: 3 },
    ["user.message", "session.status_running", "session.thread_status_running", "cut"],
  ],
  [{ kind: "end", afterFrames: 1 }, ["user.message"]],
  [{ kind: "error", afterFrames: 1 }, ["user.message", "error overloaded_error"]],
] as [StreamTrouble, string[]][])("a stream struck by %o gives %o", async (trouble, expected) => {
  expect(await struck(trouble)).toEqual(expected);
});

test("unnamed frames are invisible to the SDK", async () => {
  const { id } = await bare();
  r.sim.streamFault({ on: streamRoute, trouble: { kind: "unnamed", afterFrames: 1 } });
  const stream = await r.client.beta.sessions.events.stream(id);
  const reading = read(stream);
  await r.tell(id, "go");
  await r.settled();
  r.sim.cutStreams(id);
  expect(await reading).toEqual(["user.message"]);
});

test("a silent stream stays open and says nothing, heartbeats included", async () => {
  const { id } = await bare();
  r.sim.streamFault({ on: streamRoute, trouble: { kind: "silent", afterFrames: 0 } });
  const headers = { authorization: `Bearer ${r.sim.apiKey}`, "anthropic-version": "2026-10-21" };
  const beta = { "anthropic-beta": "managed-agents-2026-04-01" };
  const answer = await request(`${r.sim.url}/v1/sessions/${id}/events/stream`, {
    headers: { ...headers, ...beta },
  });
  let text = "";
  answer.body.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  answer.body.on("error", () => {});
  await r.tell(id, "go");
  await clock.advance(60_000);
  await r.settled();
  expect(text).toBe(": keep-alive\n\n");
});

test("a stream beats while nothing happens, frames are named, and it is no activity", async () => {
  const { id } = await bare();
  const headers = { authorization: `Bearer ${r.sim.apiKey}`, "anthropic-version": "2026-10-21" };
  const beta = { "anthropic-beta": "managed-agents-2026-04-01" };
  const answer = await request(`${r.sim.url}/v1/sessions/${id}/events/stream`, {
    headers: { ...headers, ...beta },
  });
  expect(answer.headers["content-type"]).toBe("text/event-stream");
  expect(answer.headers["request-id"]).toMatch(/^req_/);
  await r.settled();
  await clock.advance(15_000);
  await r.tell(id, "go");
  await r.settled();
  r.sim.cutStreams();
  const text = await answer.body.text();
  expect(text).toMatch(/^: keep-alive\n\n: keep-alive\n\nevent: user.message\ndata: \{"type":"user.message"/);
});

/** Notes what the stream brings until it is enough or the stream breaks. */
async function follow(
  stream: Stream,
  note: (event: { id?: string; type: string }) => void,
  enough: () => boolean,
) {
  if (enough()) return stream.controller.abort();
  try {
    for await (const event of stream) {
      note(event);
      if (enough()) break;
    }
  } catch (error) {
    expect(error).not.toBeInstanceOf(Anthropic.APIError);
  }
}

test("open first, then list, then follow: nothing is lost and nothing is done twice", async () => {
  r.sim.script(() => async (agent) => {
    for (let round = 0; round < 20; round += 1) await agent.bash("true");
  });
  const { id } = await bare();
  await r.tell(id, "go");
  r.sim.streamFault({ on: streamRoute, trouble: { kind: "cut", afterFrames: 10 } });
  const seen = new Set<string>();
  const note = (event: { id?: string; type: string }) => {
    if (event.id === undefined || seen.has(event.id)) return;
    seen.add(event.id);
    idle ||= event.type === "session.status_idle";
  };
  let idle = false;
  for (let attempt = 0; attempt < 3 && !idle; attempt += 1) {
    const stream = await r.client.beta.sessions.events.stream(id);
    for (const event of await r.events(id)) note(event);
    await follow(stream, note, () => idle);
  }
  const all = await r.events(id);
  expect([...seen].toSorted((a, b) => a.localeCompare(b))).toEqual(
    all.map((event) => event.id).toSorted((a, b) => a.localeCompare(b)),
  );
});

test("a deleted session says so and ends its streams; afterwards it is gone", async () => {
  const { id } = await bare();
  const reading = read(await r.client.beta.sessions.events.stream(id));
  expect(await r.client.beta.sessions.delete(id)).toEqual({ id, type: "session_deleted" });
  expect(await reading).toEqual(["session.deleted"]);
  await expect(r.client.beta.sessions.retrieve(id)).rejects.toThrow(Anthropic.NotFoundError);
  await expect(r.client.beta.sessions.events.stream(id)).rejects.toThrow(Anthropic.NotFoundError);
  await expect(r.tell(id, "hello?")).rejects.toThrow(Anthropic.NotFoundError);
});

test("the one thread has the session's events and its own stream", async () => {
  const { id } = await bare();
  const { data } = await r.client.beta.sessions.threads.list(id);
  const [thread] = data;
  expect(thread).toMatchObject({ session_id: id, parent_thread_id: null, status: "idle" });
  const session_id = id;
  const stream = await r.client.beta.sessions.threads.events.stream(thread?.id ?? "", { session_id });
  await r.tell(id, "go");
  const types: string[] = [];
  for await (const event of stream) {
    types.push(event.type);
    if (event.type === "session.status_idle") break;
  }
  expect(types).toContain("agent.message");
  const listed = await r.client.beta.sessions.threads.events.list(thread?.id ?? "", { session_id });
  expect(listed.data).toEqual(await r.events(id));
  const archiving = r.client.beta.sessions.threads.archive(thread?.id ?? "", { session_id });
  await expect(archiving).rejects.toThrow(Anthropic.BadRequestError);
});
