/**
 * GraphQL at the simulated GitHub: what REST does not tell about edits, and what it refuses.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openScene, type Scene } from "../sim/github/scene.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const clock = new VirtualClock();
let scene: Scene;
let number: number;

beforeAll(async () => {
  scene = await openScene({ clock });
  number = scene.sim.openIssue("acme/shop", { title: "Edited", body: "first", author: "mona" });
});

afterAll(() => scene.stop());

async function ask(
  query: string,
  variables: object = {},
): Promise<{ data?: unknown; errors?: { message: string; type?: string }[] }> {
  const { secret } = await scene.token();
  const answer = await fetch(`${scene.sim.url}/api/graphql`, {
    method: "POST",
    headers: { authorization: `bearer ${secret}` },
    body: JSON.stringify({ query, variables }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { data?: unknown };
}

test("edits of issues and comments, with times and authors", async () => {
  const { sim } = scene;
  await clock.advance(60_000);
  sim.editIssue("acme/shop", number, { body: "second", by: "mona" });
  sim.comment("acme/shop", number, { body: "one", by: "mona" });
  const id = sim.comment("acme/shop", number, { body: "two", by: sim.app.botLogin });
  await clock.advance(60_000);
  sim.editComment("acme/shop", id, { body: "two again", by: "mona" });
  const { data } = await ask(
    `query ($owner: String!, $name: String!, $number: Int!) {
      repository(owner: $owner, name: $name) {
        issue(number: $number) {
          lastEditedAt
          userContentEdits(first: 10) { totalCount nodes { editedAt diff editor { login } } }
          comments(first: 100) { nodes { id databaseId createdAt lastEditedAt body author { login __typename ... on Bot { databaseId } } } pageInfo { hasNextPage endCursor } }
        }
      }
    }`,
    { owner: "acme", name: "shop", number },
  );
  expect(data).toMatchObject({
    repository: {
      issue: {
        lastEditedAt: "2026-11-22T00:01:00Z",
        userContentEdits: { totalCount: 1, nodes: [{ diff: "first", editor: { login: "mona" } }] },
        comments: {
          nodes: [
            { body: "one", lastEditedAt: null, author: { login: "mona", __typename: "User" } },
            {
              databaseId: id,
              lastEditedAt: "2026-11-22T00:02:00Z",
              author: { login: "patchwright", databaseId: sim.app.botId },
            },
          ],
          pageInfo: { hasNextPage: false },
        },
      },
    },
  });
});

test("pages by cursor", async () => {
  const query = `query($n: Int!, $after: String) { repository(owner: "acme", name: "shop") { issue(number: $n) { comments(first: 1, after: $after) { nodes { body } pageInfo { hasNextPage endCursor } } } } }`;
  const page = async (after: string | null) => {
    const { data } = await ask(query, { n: number, after });
    return (
      data as {
        repository: {
          issue: {
            comments: { nodes: { body: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
          };
        };
      }
    ).repository.issue.comments;
  };
  const first = await page(null);
  expect(first).toMatchObject({ nodes: [{ body: "one" }], pageInfo: { hasNextPage: true } });
  expect(await page(first.pageInfo.endCursor)).toMatchObject({
    nodes: [{ body: "two again" }],
    pageInfo: { hasNextPage: false },
  });
});

test("minimizing a comment, and marking a pull request ready", async () => {
  const { sim } = scene;
  const { data } = await ask(
    `{ repository(owner: "acme", name: "shop") { issue(number: ${number}) { comments(last: 1) { nodes { id } } } } }`,
  );
  const [{ id }] = (data as { repository: { issue: { comments: { nodes: [{ id: string }] } } } }).repository
    .issue.comments.nodes;
  const done = await ask(
    `mutation ($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized minimizedReason } } }`,
    { id },
  );
  expect(done).toEqual({
    data: { minimizeComment: { minimizedComment: { isMinimized: true, minimizedReason: "outdated" } } },
  });
  expect(sim.comments("acme/shop", number).at(-1)?.minimized).toBe("outdated");
});

test("pull request templates of the default branch", async () => {
  await scene.sim.pushCommit("acme/shop", "main", {
    files: { ".github/pull_request_template.md": "## What\n" },
    by: "mona",
  });
  const { data } = await ask(`{ repository(owner: "acme", name: "shop") { pullRequestTemplates { body } } }`);
  expect(data).toEqual({ repository: { pullRequestTemplates: [{ body: "## What\n" }] } });
});

test("what is not in the schema, not in reach or not well formed is refused", async () => {
  const messages = async (query: string, variables?: object) =>
    (await ask(query, variables)).errors?.map((each) => each.message);
  expect(await messages(`{ repository(owner: "acme", name: "none") { id } }`)).toEqual([
    "Could not resolve to a Repository with the name 'acme/none'.",
  ]);
  expect(await messages(`{ repository(owner: "acme", name: "shop") { secrets } }`)).toEqual([
    "Field 'secrets' doesn't exist on type 'Repository'",
  ]);
  expect(
    await messages(`{ repository(owner: "acme", name: "shop") { issue(number: 4711) { id } } }`),
  ).toEqual([expect.stringMatching(/Could not resolve to an Issue/)]);
  expect(
    await messages(
      `{ repository(owner: "acme", name: "shop") { issue(number: ${number}) { comments { nodes { id } } } } }`,
    ),
  ).toEqual([expect.stringMatching(/must provide a `first` or `last`/)]);
  expect(await messages(`{ repository(owner: $owner, name: "shop") { id } }`)).toEqual([
    "Variable $owner is used but not declared",
  ]);
  expect(await messages(`query ($o: String!) { repository(owner: $o, name: "shop") { id } }`)).toHaveLength(
    1,
  );
  expect(await messages(`{ repository(owner: "acme", name: "shop") }`)).toEqual([
    expect.stringMatching(/must have selections/),
  ]);
  expect(await messages("{ viewer { login } ")).toHaveLength(1);
  const anonymous = await fetch(`${scene.sim.url}/api/graphql`, { method: "POST", body: "{}" });
  expect(anonymous.status).toBe(401);
});
