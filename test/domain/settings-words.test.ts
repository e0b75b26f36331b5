/** What people read about settings files, which may be a stranger's. */
import { expect, test } from "vitest";
import { parseSettings } from "../../src/domain/settings-file.ts";
import { problemLines } from "../../src/domain/settings-words.ts";

const image = "![x](https://evil.example/y) <img src=https://evil.example/z> @acme/all";

test.each([
  ["a key", JSON.stringify(`a\` ${image} \``)],
  ["a label", `{labels: {${JSON.stringify(`a\` ${image} \``)}: 5}}`],
  ["a key given twice", `"\` ${image}": 1\n"\` ${image}": 2`],
  ["an unknown directive", "%<img/src=https://evil.example/z>`\n---\na: 1"],
  ["a tag", "who: !<`![x](https://evil.example/z)> write"],
  ["a block's header", "who: |`<img/src=https://evil.example/z>\n  a"],
])("%s stays in its code span", (_what, text) => {
  const reading = parseSettings(text.startsWith('"a') ? `${text}: 1` : text, { file: "f" });
  const lines = reading.kind === "invalid" ? problemLines(reading.problems) : "";
  expect(lines).toMatch(/^- line \d/);
  expect(lines.replace(/`[^`]*`/g, "")).not.toMatch(/evil|@acme/);
});
