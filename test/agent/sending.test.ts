/** What is sent to a session comes back under an id; without one it is looked for, never counted as sent. */
import { expect, test } from "vitest";
import { claudeClient } from "../../src/agent/claude.ts";
import { asProblem } from "../../src/agent/failure.ts";
import { messageAct } from "../../src/agent/sending.ts";
import { Secret } from "../../src/domain/secret.ts";

const message = { marker: "the marker", text: "Please fix it." };

/** The act, at a platform that answers everything with this. */
function actAt(answer: object) {
  const fetch = async () => Response.json(answer);
  const client = claudeClient({ config: { apiKey: new Secret("sk-ant-test") }, fetch });
  return messageAct(client, "sesn_1", message);
}

test.each([{}, { data: null }, { data: [] }, { data: [{ type: "user.message" }] }])(
  "an answer that names nothing (%j) is looked for later",
  async (answer) => {
    await expect(actAt(answer).make()).rejects.toMatchObject({
      ...{ kind: "later", code: "claude_sent_unnamed", undone: false },
    });
  },
);

/** The act, at a platform that takes no message before a tool call is answered and lists these events. */
function actAtAwaiting(listed: object[]) {
  const words = "Invalid user.message event at events[0]: waiting on responses to events [sevt_7]";
  const refusal = { type: "error", error: { type: "invalid_request_error", message: words } };
  const fetch: typeof globalThis.fetch = async (_input, init) =>
    init?.method === "POST"
      ? Response.json(refusal, { status: 400 })
      : Response.json({ data: listed, next_page: null });
  const client = claudeClient({ config: { apiKey: new Secret("sk-ant-test") }, fetch });
  return messageAct(client, "sesn_1", message);
}

test("a session that waits for an answer may have the message: it is looked for at once", async () => {
  const content = [{ type: "text", text: "Please fix it.\n\nthe marker" }];
  const taken = { type: "user.message", id: "sevt_2", content };
  expect(await actAtAwaiting([taken]).make()).toEqual({ id: "sevt_2" });
});

test("where it has not, it is sent later, and later still", async () => {
  const thrown = await actAtAwaiting([]).make().catch(asProblem);
  expect(thrown).toMatchObject({ kind: "later", code: "claude_awaits_answer", undone: true });
  expect(thrown).toMatchObject({ retryAfterMs: undefined });
});

test("the id of what was sent", async () => {
  expect(await actAt({ data: [{ type: "user.message", id: "sevt_1" }] }).make()).toEqual({ id: "sevt_1" });
});

test("a message is found by its marker", async () => {
  const other = { type: "user.message", id: "sevt_1", content: [{ type: "text", text: "Please fix it." }] };
  const content = [{ type: "text", text: "Please fix it.\n\nthe marker" }];
  const found = { type: "user.message", id: "sevt_2", content };
  expect(await actAt({ data: [other, found], next_page: null }).find(0)).toEqual({ id: "sevt_2" });
  expect(await actAt({ data: [other], next_page: null }).find(0)).toBeUndefined();
});
