/** What is sent to a session comes back under an id; without one it is looked for, never counted as sent. */
import { expect, test } from "vitest";
import { claudeClient } from "../../src/agent/claude.ts";
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
