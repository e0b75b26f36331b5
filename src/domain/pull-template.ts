/**
 * A repository's pull request template, filled with what the agent says. It takes texts as they are: who calls
 * has made them harmless.
 */

const templateMax = 20_000;
const forSummary = /descri|summary|what|changes|overview|purpose/i;
const forChecks = /test|check|verif|how/i;

/** Puts the summary and the checks under the template's headings for them, or before it where it has none. */
export function filledTemplate(
  template: string,
  { summary, checks }: { summary: string; checks: string },
): string {
  const lines = template.slice(0, templateMax).replaceAll("\r\n", "\n").split("\n");
  const headings = lines.flatMap((line, at) => (/^#{1,6}\s/.test(line) ? [{ line, at }] : []));
  const summaryAt = headings.find(({ line }) => forSummary.test(line))?.at;
  const checksAt = headings.find(({ line, at }) => at !== summaryAt && forChecks.test(line))?.at;
  const body = lines.flatMap((line, at) => {
    if (at === summaryAt) return [line, "", summary];
    return at === checksAt && checks !== "" ? [line, "", checks] : [line];
  });
  const before = summaryAt === undefined ? [summary, ""] : [];
  const after = checksAt === undefined && checks !== "" ? ["", "### How it was checked", "", checks] : [];
  return [...before, ...body, ...after].join("\n").trim();
}
