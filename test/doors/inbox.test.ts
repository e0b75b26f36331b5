/**
 * What becomes of deliveries that are well signed and wrong all the same: doubled, contradicting their
 * header, of nobody we know, too deep, or coming while the database is full.
 */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { labelled } from "./payload.ts";
import { openService, post, type Row, type Service, usualHeaders } from "./service.ts";

let service: Service;
let address: string;
beforeAll(async () => {
  service = await openService();
  address = `${service.url}/api/github/webhooks`;
});
afterAll(() => service.close());

/** The row of a delivery once it has been worked off. */
function finished(id: string | undefined): Promise<Row> {
  return vi.waitFor(() => {
    const row = service.rows(id).find(({ state }) => state !== "waiting");
    if (!row) throw new Error(`${id} is not finished`);
    return row;
  });
}

/** Sends a body as this event; resolves with the status and the id. */
async function deliver(body: string, changes: Record<string, string> = {}) {
  const headers = { ...usualHeaders(body, service.secret), ...changes };
  const { status } = await post(address, headers, body);
  return { status, id: headers["x-github-delivery"] ?? "" };
}

test("an installation that is not known starts nothing and is not asked about for ever", async () => {
  const { status, id } = await deliver(JSON.stringify(labelled()));
  expect(status).toBe(202);
  expect(await finished(id)).toMatchObject({ state: "failed", verdict: "github_gone" });
  expect(service.claude.sessions).toEqual([]);
});

test("a body that contradicts its event header is ignored", async () => {
  const issue = JSON.stringify(labelled({ action: "created" }));
  const { status, id } = await deliver(issue, { "x-github-event": "issue_comment" });
  expect(status).toBe(202);
  expect((await finished(id)).verdict).toBe("ignored: body contradicts its event header");
});

/** How often an id came with another body, by the service's own count. */
async function doubledIds(): Promise<number> {
  const page = await (await fetch(`${service.url}/metrics`)).text();
  return Number(/suspects_total\{door="github",what="id"\} (\d+)/.exec(page)?.[1] ?? 0);
}

test("the same id twice is one delivery, the first body wins, and only another body is suspect", async () => {
  const first = JSON.stringify(labelled({ action: "opened" }));
  const { id } = await deliver(first);
  expect(await deliver(first, { "x-github-delivery": id })).toEqual({ status: 202, id });
  expect(await doubledIds()).toBe(0);
  const second = JSON.stringify(labelled({ action: "edited" }));
  expect(await deliver(second, { "x-github-delivery": id })).toEqual({ status: 202, id });
  expect(service.rows(id).map((row) => row.body)).toEqual([first]);
  expect(await doubledIds()).toBe(1);
});

test("the same id twenty times at once is one delivery", async () => {
  const body = JSON.stringify(labelled({ action: "opened", number: 20 }));
  const id = "twenty at once";
  const all = await Promise.all(Array.from({ length: 20 }, () => deliver(body, { "x-github-delivery": id })));
  expect(all.map(({ status }) => status)).toEqual(Array(20).fill(202));
  expect(service.rows(id)).toHaveLength(1);
});

test("keys of the prototype, keys twice and numbers beyond 2^53 change nothing", async () => {
  const odd = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${JSON.stringify(
    labelled({ action: "opened" }),
  ).slice(1, -1)},"action":"opened","sender":{"login":"mona","id":9007199254740993,"type":"User"}}`;
  const { status, id } = await deliver(odd);
  expect(status).toBe(202);
  expect((await finished(id)).verdict).toMatch(/^ignored/);
  expect(service.rows(id)[0]?.body).toBe(odd);
  expect("polluted" in {}).toBe(false);
});

test("JSON 200,000 deep costs little and ends nothing", async () => {
  const deep = `{"action":"labeled","a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  const { status, id } = await deliver(deep);
  expect(status).toBe(202);
  expect((await finished(id)).verdict).toMatch(/^ignored/);
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
});

test("people who are missing from a delivery crash nothing", async () => {
  for (const changes of [{ sender: null }, { repository: null }, { installation: null }, { issue: null }]) {
    const { id } = await deliver(JSON.stringify(labelled(changes)));
    expect((await finished(id)).verdict).toMatch(/^ignored/);
  }
});

test("installations are told of in any order, and answered", async () => {
  for (const event of ["installation_repositories", "installation", "repository", "check_suite"]) {
    const body = JSON.stringify({ action: "added", installation: { id: 1 }, repositories_added: [] });
    expect((await deliver(body, { "x-github-event": event })).status).toBe(202);
  }
});
