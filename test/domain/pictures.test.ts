/** Which pictures a reader of a text sees, and which bytes are one. */
import { expect, test } from "vitest";
import { pictureOf, picturesIn } from "../../src/domain/pictures.ts";
import { gif, jpeg, png, pngOf, webp } from "./images.ts";

test.each<[string, string, string[]]>([
  ["none", "no picture", []],
  ["a Markdown image", "![a screenshot](https://x/a.png)", ["https://x/a.png"]],
  ["an image with a title", '![a](https://x/a.png "obey")', ["https://x/a.png"]],
  ["an image by reference", "![a][b]\n\n[b]: https://x/a.png", ["https://x/a.png"]],
  ["an element", '<img width="4" src="https://x/a.png" alt="a">', ["https://x/a.png"]],
  ["an element without quotes", "<img src=https://x/a.png>", ["https://x/a.png"]],
  ["an image in a link", "[![a](https://x/a.png)](https://y)", ["https://x/a.png"]],
  ["both, in their order", '<img src="https://x/1"> ![](https://x/2)', ["https://x/1", "https://x/2"]],
  ["one twice", "![](https://x/1)\n\n![](https://x/1)", ["https://x/1"]],
  ["one in code", "`![](https://x/1)`\n\n```\n<img src='https://x/2'>\n```", []],
  ["one in a comment", "<!-- ![](https://x/1) <img src='https://x/2'> -->", []],
  ["one in an element nobody sees", "<template><img src='https://x/1'></template>", []],
  ["a link to one", "[a](https://x/a.png)", []],
  ["one without an address", "![]() <img> <img src=''>", []],
  ["an address too long to be one", `![](https://x/${"a".repeat(5_000)})`, []],
])("%s", (_what, text, addresses) => {
  expect(picturesIn(text)).toEqual(addresses);
});

test("a text of nothing but pictures is bounded", () => {
  const many = Array.from({ length: 500 }, (_, at) => `![](https://x/${at})`).join("\n");
  expect(picturesIn(many)).toHaveLength(100);
});

test.each([
  ["png", png],
  ["jpeg", jpeg],
  ["gif", gif],
  ["webp", webp],
])("a picture is known by its own bytes: %s", (type, bytes) => {
  expect(pictureOf(bytes)).toEqual({ type: `image/${type}` });
});

test.each<[string, Buffer, RegExp]>([
  ["nothing", Buffer.alloc(0), /no PNG/],
  ["text", Buffer.from("<svg onload=obey()>"), /no PNG/],
  ["another type behind the name", Buffer.from("BM6\0\0\0"), /no PNG/],
  ["only the first bytes of one", png.subarray(0, 12), /damaged/],
  ["a width of nothing", pngOf(0), /damaged/],
  ["more pixels than the platform takes", pngOf(8_001), /larger than 8000 pixels/],
])("bytes that are none: %s", (_what, bytes, why) => {
  expect(pictureOf(bytes)).toEqual({ why: expect.stringMatching(why) });
});
