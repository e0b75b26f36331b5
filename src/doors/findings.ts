/**
 * What an examination finds, and how it is told: line by line to the operator, by name and grade alone to
 * people on GitHub, who are not told values of somebody else's installation.
 */

/** One line: what was checked, how it stands, what was found, what to do where something is to be done. */
export interface Finding {
  what: string;
  /** `warn`: works, and is worth a look. */
  grade: "pass" | "warn" | "fail";
  found: string;
  todo?: string;
}

/** All is well. */
export function pass(found: string): Omit<Finding, "what"> {
  return { grade: "pass", found };
}

/** It works, and is worth a look. */
export function warn(found: string, todo: string): Omit<Finding, "what"> {
  return { grade: "warn", found, todo };
}

/** It does not work. */
export function fail(found: string, todo: string): Omit<Finding, "what"> {
  return { grade: "fail", found, todo };
}

const marks = { pass: "✓", warn: "!", fail: "✗" };

/** For the terminal of the operator. */
export function findingsText(findings: Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(({ what, grade, found, todo }) => {
    const line = `${marks[grade]} ${what.padEnd(width)}  ${found}`;
    return todo === undefined ? line : `${line}\n  ${" ".repeat(width)}  → ${todo}`;
  });
  return `${lines.join("\n")}\n`;
}

const icons = { pass: "✅", warn: "⚠️", fail: "❌" };

/** For a comment: no values. */
export function findingsComment(findings: Finding[]): string {
  const rows = findings.map(({ what, grade }) => `- ${icons[grade]} ${what}`);
  const failed = findings.some(({ grade }) => grade === "fail");
  const last = failed
    ? "The operator of this service sees with `npm run doctor` what was found and what to do."
    : "The set-up is sound.";
  return [rows.join("\n"), last].join("\n\n");
}
