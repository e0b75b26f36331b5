/** The definition of the settings: defaults, label names, the schema for editors. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { defaultSettings, labelOf, settingsJsonSchema } from "../../src/domain/settings.ts";

describe("a label is found as GitHub compares it", () => {
  const labels = { agent: {}, "Agent: Deep": { plan: true }, "caf\u00E9": {}, constructor: {} };

  test.each([
    ["agent", "agent"],
    ["AGENT", "agent"],
    ["agent: deep", "Agent: Deep"],
    ["cafe\u0301", "caf\u00E9"],
    ["constructor", "constructor"],
  ])("%s", (name, own) => {
    expect(labelOf({ labels }, name)?.name).toBe(own);
  });

  test.each(["agents", "agent ", "agent\uFE0F", "toString", "__proto__", ""])("%j is none", (name) => {
    expect(labelOf({ labels }, name)).toBeUndefined();
  });

  test("it brings what it changes", () => {
    expect(labelOf({ labels }, "agent: DEEP")?.changes).toEqual({ plan: true });
  });
});

describe("the schema for editors", () => {
  const check = new Ajv2020({ strict: false }).compile(settingsJsonSchema());

  test("takes the defaults and an empty file", () => {
    expect(check(defaultSettings)).toBe(true);
    expect(check({})).toBe(true);
  });

  test.each([
    { whoo: "write" },
    { limits: { flies: 1 } },
    { labels: { agent: { who: "admin" } } },
    { who: "read" },
  ])("refuses %j", (file) => {
    expect(check(file)).toBe(false);
  });
});
