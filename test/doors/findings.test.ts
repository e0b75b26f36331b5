/** How findings are told to people on GitHub. */
import { expect, test } from "vitest";
import { findingsComment } from "../../src/doors/findings.ts";

test("a comment for GitHub says where the rest is to be seen", () => {
  const one = { what: "token", grade: "fail", found: "a value", todo: "a remedy" } as const;
  expect(findingsComment([one])).toMatch(/^- ❌ token\n\n.*npm run doctor/);
});
