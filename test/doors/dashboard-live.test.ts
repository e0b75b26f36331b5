/** What a page that is kept live is sent, how it ends, and that nobody on the way keeps it. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stories/stage.ts";
import { Browser, formKey } from "./browser.ts";

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

test("while only time passes a run's page is sent its figures, and neither its state nor its forms", async () => {
  stage = await setStage({ signIn: true });
  stage.plays((agent) => agent.wait(3_600_000));
  const issue = stage.labelled();
  await stage.untilShown(issue, "working");
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  const path = `/runs/${/run_\w{20}/.exec(stage.status(issue))?.[0]}`;
  const page = await browser.get(path);
  expect(page.text).toMatch(/<p [^>]*role="status"><span id="state">.*working.*<\/span><\/p>/);
  expect(page.text).toMatch(/<div id="acts"><form .*[\s\S]*Stop this run/);
  const heard: string[] = [];
  const headers = { accept: "text/event-stream", cookie: `patchwright=${browser.cookie("patchwright")}` };
  const call = request(`${stage.app.url}${path}/live`, { headers });
  call.once("response", (answer) => answer.setEncoding("utf8").on("data", (text) => heard.push(text)));
  call.end();
  const ids = () => [...heard.join("").matchAll(/"id":"(\w+)"/g)].map(([, id]) => id);
  await expect.poll(ids).toEqual(["state", "facts", "links", "acts", "chart", "timeline"]);
  heard.length = 0;
  for (let seconds = 0; seconds < 5; seconds += 1) await stage.pass(1_000);
  await expect.poll(ids).toContain("facts");
  for (const id of ["state", "acts", "links"]) expect(ids()).not.toContain(id);
  await browser.post(`${path}/stop`, { key: formKey(page) });
  await stage.untilShown(issue, "stopped");
  await stage.pass(2_000);
  await expect.poll(ids).toEqual(expect.arrayContaining(["state", "acts"]));
  call.destroy();
});

test("a person has eight live pages, in whichever browsers; a further one is refused until one is closed", async () => {
  stage = await setStage({ signIn: true });
  const cookies: string[] = [];
  for (const login of ["mona", "mona", "rita"]) {
    const browser = new Browser(stage.app.url);
    await browser.signIn(login);
    cookies.push(`patchwright=${browser.cookie("patchwright")}`);
  }
  const [first = "", second = "", ritas = ""] = cookies;
  const open = async (cookie: string) => {
    const call = request(`${stage.app.url}/live`, { headers: { accept: "text/event-stream", cookie } });
    const answered = once(call, "response");
    call.end();
    const [answer] = (await answered) as [IncomingMessage];
    answer.resume().on("error", () => undefined);
    return { status: answer.statusCode, after: answer.headers["retry-after"], close: () => call.destroy() };
  };
  const streams = [];
  for (let at = 0; at < 8; at += 1) streams.push(await open(at < 4 ? first : second));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  for (const cookie of [first, second])
    expect(await open(cookie)).toMatchObject({ status: 429, after: "60" });
  streams.push(await open(ritas));
  expect(streams.at(-1)?.status).toBe(200);
  streams[0]?.close();
  await expect
    .poll(async () => {
      await stage.pass(1_000);
      const another = await open(second);
      streams.push(another);
      return another.status;
    })
    .toBe(200);
  for (const { close } of streams) close();
});

test("asked for its head alone it opens no stream that would count", async () => {
  stage = await setStage({ signIn: true });
  const browser = new Browser(stage.app.url);
  await browser.signIn("mona");
  const cookie = `patchwright=${browser.cookie("patchwright")}`;
  const statusOf = async (method: string) => {
    const call = request(`${stage.app.url}/live`, { method, headers: { cookie } });
    const answered = once(call, "response");
    call.end();
    const [answer] = (await answered) as [IncomingMessage];
    answer.resume().on("error", () => undefined);
    call.destroy();
    return answer.statusCode;
  };
  for (let at = 0; at < 9; at += 1) expect(await statusOf("HEAD")).toBe(200);
  expect(await statusOf("GET")).toBe(200);
});
