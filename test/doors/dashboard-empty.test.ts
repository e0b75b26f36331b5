/** What a list says that shows no runs: why, and the way to where there are some. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createDashboard, type DashboardParts } from "../../src/doors/dashboard/dashboard.ts";
import { linesMax, pagesMax, readFilters } from "../../src/doors/dashboard/list-page.ts";
import { openStore, type Store } from "../../src/store/database.ts";
import { Disk } from "../store/disk.ts";

const incoming = { headers: { host: "localhost" }, socket: { remoteAddress: "127.0.0.1" } };
const clear = /No runs match this filter\. <a href="\/">Show all runs<\/a>/;

let full: Store;
let empty: Store;
beforeAll(async () => {
  [full, empty] = [await open(), await open()];
  const runs = Array.from({ length: 60 }, (_, at) => at);
  await full.db.insertInto("runs").values(runs.map(row)).execute();
});
afterAll(() => Promise.all([full.close(), empty.close()]));

function open(): Promise<Store> {
  return openStore({ kind: "lent", connection: new Disk().open() });
}

/** Every other run is mona's. */
function row(at: number) {
  return {
    ...{
      id: `run_${at}`,
      trigger_key: `${at}`,
      installation_id: 1,
      repository_id: 2,
      owner: "acme",
      repo: "shop",
    },
    ...{
      issue: at + 1,
      origin_json: "{}",
      settings_json: "{}",
      round: 1,
      phase: "ended" as const,
      epoch: 0,
      progress_json: "{}",
    },
    ...{ title: "Add is wrong", state: "opened", person: at % 2 === 0 ? "mona" : "ada" },
    ...{ created_at: at, round_at: at, state_at: at },
  };
}

/** What stands on the list. */
async function list(store: Store, query: string): Promise<string> {
  const app = createDashboard({
    config: { server: {} },
    store,
    clock: systemClock,
  } as unknown as DashboardParts);
  return (await app.request(`/${query}`, {}, { incoming })).text();
}

test.each([
  ["?page=4", '<a href="/?page=3">The last page</a>'],
  ["?page=399", '<a href="/?page=3">The last page</a>'],
  ["?person=mona&page=9", '<a href="/?person=mona&amp;page=2">The last page</a>'],
])("past the end it leads to the last page: %s", async (query, link) => {
  const text = await list(full, query);
  expect(text).toContain(`No runs on this page. ${link}`);
  expect(text).not.toMatch(/No runs yet|No runs match|rel="prev"/);
});

test.each(["?state=failed", "?state=failed&page=3", "?repository=acme/none", "?person=nobody"])(
  "where a filter leaves none it leads to all: %s",
  async (query) => {
    const text = await list(full, query);
    expect(text).toMatch(clear);
    expect(text).not.toMatch(/No runs yet|on this page/);
  },
);

test.each(["", "?page=5"])(
  "only where there are none at all it says that there are none yet: %s",
  async (query) => {
    const text = await list(empty, query);
    expect(text).toContain("No runs yet.");
    expect(text).not.toMatch(/No runs match|on this page|rel="prev"/);
  },
);

test("a filter of a list that has none at all is said to be one", async () => {
  expect(await list(empty, "?state=failed")).toMatch(clear);
});

test("the last page is there, and has what is left", async () => {
  const text = await list(full, "?page=3");
  expect(text.match(/<tr id="run_/g)).toHaveLength(10);
  expect(text).not.toContain('rel="next"');
});

test("the last page that can be asked for leads to a filter, not to itself", async () => {
  const many = await open();
  const runs = Array.from({ length: pagesMax * linesMax + 1 }, (_, at) => row(at));
  for (let from = 0; from < runs.length; from += 1_000)
    await many.db
      .insertInto("runs")
      .values(runs.slice(from, from + 1_000))
      .execute();
  expect(await list(many, `?page=${pagesMax - 1}`)).toContain(`href="/?page=${pagesMax}">Older</a>`);
  const text = await list(many, `?page=${pagesMax}`);
  expect(text.match(/<tr id="run_/g)).toHaveLength(linesMax);
  expect(text).toContain("Older runs are shown by a filter");
  expect(text).not.toContain('rel="next"');
  await many.close();
});

test("what no store would take is left out of a filter", () => {
  expect(readFilters({ label: "\0", person: "mo\0na\u0085", repository: "acme/shop\n" })).toEqual({
    page: 1,
    person: "mona",
    repository: "acme/shop",
  });
});
