/** Which repositories may be mounted besides another: never one that fewer people may see. */
import { expect, test } from "vitest";
import { besideProblem, type Visibility } from "../../src/domain/besides.ts";

const lib = (visibility: Visibility) => ({ name: "acme/lib", repositoryId: 3, visibility });
const role = (name: string) => ({ permission: name === "triage" ? "read" : name, role_name: name });
const host = (visibility: Visibility) => ({ name: "acme/shop", visibility, login: "mona" });

const rows: [own: Visibility, beside: Visibility, role: string, allowed: boolean][] = [
  ["public", "public", "read", true],
  ["public", "public", "none", true],
  ["public", "internal", "admin", false],
  ["public", "private", "admin", false],
  ["internal", "public", "read", true],
  ["internal", "internal", "read", true],
  ["internal", "internal", "none", false],
  ["internal", "private", "admin", false],
  ["private", "public", "none", true],
  ["private", "internal", "read", true],
  ["private", "private", "read", true],
  ["private", "private", "triage", true],
  ["private", "private", "write", true],
  ["private", "private", "none", false],
  ["private", "internal", "none", false],
];

test.each(rows)(
  "beside a repository that is %s, one that is %s, for somebody with %s: %s",
  (own, beside, name, allowed) => {
    const problem = besideProblem({ name: "acme/lib", found: lib(beside), answer: role(name) }, host(own));
    expect(problem === undefined).toBe(allowed);
    if (!allowed) expect(problem).toContain("`acme/lib`");
  },
);

test.each<[Visibility, boolean]>([
  ["public", true],
  ["internal", false],
  ["private", false],
])("for an App, whose permission nobody can be asked, one that is %s: %s", (beside, allowed) => {
  const problem = besideProblem({ name: "acme/lib", found: lib(beside), answer: undefined }, host("private"));
  expect(problem === undefined).toBe(allowed);
});

test("one that is not there is named", () => {
  const problem = besideProblem({ name: "acme/lib", found: undefined, answer: undefined }, host("private"));
  expect(problem).toMatch(/^`acme\/lib` does not exist or is not part of this App's installation/);
});
