/** How a page that is kept live ends, and that nobody on the way keeps it. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stories/stage.ts";
import { Browser } from "./browser.ts";

let stage: Stage;
afterEach(() => stage.close());

test("where GitHub cannot be asked it ends quietly, for the browser to open again", async () => {
  stage = await setStage({ signIn: true });
  const said = vi.spyOn(console, "error");
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  const cookie = `patchwright=${browser.cookie("patchwright")}`;
  const call = request(`${stage.app.url}/live`, { headers: { accept: "text/event-stream", cookie } });
  const answered = once(call, "response");
  call.end();
  const [answer] = (await answered) as [IncomingMessage];
  expect([answer.statusCode, answer.headers["cache-control"]]).toEqual([200, "no-store"]);
  let isOver = false;
  answer.resume().once("end", () => {
    isOver = true;
  });
  await stage.pass(10_000);
  expect(isOver).toBe(false);
  const heal = stage.github.fault({ route: "/user/installations", kind: "status", status: 503 });
  await stage.pass(5 * 60_000);
  heal();
  await expect.poll(() => isOver).toBe(true);
  expect(said).not.toHaveBeenCalled();
  said.mockRestore();
  expect((await browser.get("/")).status).toBe(200);
});
