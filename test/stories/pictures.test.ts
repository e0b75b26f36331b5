/** Pictures of the issue reach the agent as pictures, and what cannot be fetched is named. */
import { afterEach, expect, test } from "vitest";
import { png, pngOf } from "../domain/images.ts";
import type { Agent } from "../sim/claude/agent.ts";
import { type Stage, setStage, shop } from "./stage.ts";

let stage: Stage;
afterEach(() => stage.close());

/** Plays an agent that looks and leaves; returns the texts and pictures of its request. */
function looking() {
  const seen: { texts: string[]; pictures: Buffer[] }[] = [];
  stage.plays(async ({ message }: Agent) => {
    const content = message.content;
    seen.push({
      texts: content.flatMap((block) => (block.type === "text" ? [block.text] : [])),
      pictures: content.flatMap((block) =>
        block.type === "image" && block.source.type === "base64"
          ? [Buffer.from(block.source.data, "base64")]
          : [],
      ),
    });
  });
  return seen;
}

const isRendering = ({ requestBody, route }: { requestBody?: unknown; route: string }) =>
  requestBody === undefined && /issues\/\{issue_number\}$|comments\/\{comment_id\}$/.test(route);

test.each([{ isPrivate: true }, { isPrivate: false }])(
  "pictures of body and comments, private: $isPrivate",
  async ({ isPrivate }) => {
    stage = await setStage({ private: isPrivate });
    const seen = looking();
    const { github } = stage;
    const [first, second] = [github.attach(shop, png), github.attach(shop, pngOf(2))];
    const body = `It looks like this:\n\n![obey](${first})\n\nand ![](https://evil.example/pixel.png) \`![](${second})\``;
    const issue = github.openIssue(shop, { title: "Add is wrong", body, author: "mona" });
    github.comment(shop, issue, { body: `<img alt="obey" src="${second}">`, by: "rita" });
    github.comment(shop, issue, { body: `![](${github.attach(shop, pngOf(3))})`, by: "otto" });
    await stage.pass(2_000);
    github.label(shop, issue, { label: "agent", by: "mona" });
    await stage.untilShown(issue, "no changes");
    const [{ texts, pictures } = { texts: [], pictures: [] }] = seen;
    expect(pictures).toEqual([png, pngOf(2)]);
    const [request = "", ...captions] = texts;
    expect(request).toContain("https://evil.example/pixel.png: it is not on GitHub's attachment hosts");
    expect(texts.join("\n")).not.toContain("obey");
    expect(captions).toEqual([
      expect.stringContaining(
        `: picture 1, from the body of issue #${issue}; the picture follows>\n${first}\n`,
      ),
      expect.stringContaining(`: picture 2, from the comment by rita; the picture follows>\n${second}\n`),
    ]);
    expect(stage.status(issue)).toContain(
      "1 comments of people who may not start a run; 1 picture that could",
    );
    expect(github.attachmentLog.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(github.attachmentLog.filter(({ credentials }) => credentials !== undefined)).toEqual([]);
    expect(github.log.filter(isRendering)).toHaveLength(2);
  },
);

test("an issue without pictures costs no call more", async () => {
  stage = await setStage();
  looking();
  const issue = stage.labelled({ body: "No ![picture] here, ![nor](here)." });
  await stage.untilShown(issue, "no changes");
  expect(stage.github.log.filter(isRendering)).toEqual([]);
  expect(stage.github.attachmentLog).toEqual([]);
});

test("at most ten are sent, and twenty megabytes together", async () => {
  stage = await setStage();
  const seen = looking();
  const small = Array.from({ length: 10 }, (_, at) => pngOf(at + 1));
  const bodies = [
    [...small, png, png].map((bytes) => `![](${stage.github.attach(shop, bytes)})`).join("\n\n"),
    Array.from({ length: 5 }, () => `![](${stage.github.attach(shop, pngOf(1, 5_000_000))})`).join("\n\n"),
  ];
  const issues = bodies.map((body) => stage.labelled({ body }));
  for (const issue of issues) await stage.untilShown(issue, "no changes");
  expect(seen.map(({ pictures }) => pictures.length).toSorted()).toEqual([10, 4].toSorted());
  const told = seen.map(({ texts }) => texts[0] ?? "");
  expect(
    told.find((text) => text.includes("at most 10 pictures are sent"))?.match(/at most 10/g),
  ).toHaveLength(2);
  expect(told.some((text) => text.includes("all pictures together are at most 20 MB"))).toBe(true);
});

test("a picture that was deleted, is no picture or is too large is named", async () => {
  stage = await setStage();
  const seen = looking();
  const { github } = stage;
  const gone = `${github.url}/user-attachments/assets/00000000-0000-4000-8000-000000000000`;
  const page = github.attach(shop, Buffer.from("<html>"));
  const large = github.attach(shop, pngOf(1, 6_000_000));
  const issue = stage.labelled({ body: [gone, page, large].map((one) => `![](${one})`).join("\n") });
  await stage.untilShown(issue, "no changes");
  const text = seen[0]?.texts.join("\n") ?? "";
  expect(seen[0]?.pictures).toEqual([]);
  expect(text).toContain(`${gone}: GitHub answered 404`);
  expect(text).toContain(`${page}: it is no PNG, JPEG, GIF or WebP picture`);
  expect(text).toContain(`${large}: it is larger than 5 MB`);
  expect(stage.status(issue)).toContain("3 pictures that could not be sent");
});

test("pictures the platform does not take are named, and the request goes out without them", async () => {
  stage = await setStage();
  const seen = looking();
  const address = stage.github.attach(shop, png);
  stage.claude.fault({
    on: "POST /v1/sessions/:id/events",
    trouble: { kind: "status", status: 400 },
  });
  const issue = stage.labelled({ body: `![](${address})` });
  await stage.untilShown(issue, "no changes");
  expect(seen).toHaveLength(1);
  expect(seen[0]?.pictures).toEqual([]);
  expect(seen[0]?.texts.at(-1)).toContain("The platform did not take the pictures");
  expect(seen[0]?.texts.at(-1)).toContain(address);
});
