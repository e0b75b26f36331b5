/**
 * What git said of a push, read from the output of the agent's commands: GitHub's refusals of the run's own
 * branch, by what people can do about them. An agent may print such words itself; all it gains is a refusal.
 * Texts are GitHub's, matched by their codes, GH013 first: it covers what older codes said of single rules.
 */
import { withoutSecrets } from "./leaks.ts";
import { oneLine } from "./sanitize.ts";

/** `pushed`: the branch moved. `refused`: why, in GitHub's words, free of secrets, at most 600 characters. */
export type PushResult = { kind: "pushed" } | { kind: "refused"; code: RefusalCode; words: string };

/** What GitHub refused it for. */
export type RefusalCode = "workflows" | "ruleset" | "protected" | "secrets" | "large files" | "rejected";

/** Output longer than this is looked at from its end, where git says how it went. */
const outputMax = 20_000;
const wordsMax = 600;
const rejected = / ! \[remote rejected\]\s+\S+ -> (claude\/\S+) \(([^)\n]+)/;
const moved =
  /^ {1,3}(?:[*+ ] )?(?:\[new branch\]|[0-9a-f]{7,40}\.{2,3}[0-9a-f]{7,40})\s+\S+ -> claude\/\S+/m;

const codes: [shape: RegExp, code: RefusalCode][] = [
  [/push cannot contain secrets|GH009/i, "secrets"],
  [/GH013|repository rule violations/i, "ruleset"],
  [/without `?workflows?`? permission/i, "workflows"],
  [/GH006|protected branch/i, "protected"],
  [/GH001|large files/i, "large files"],
];

/** The last push in a command's output; undefined where there was none to a branch of ours. */
export function pushResult(output: string): PushResult | undefined {
  const end = output.slice(-outputMax);
  const refused = rejected.exec(end);
  if (!refused) return moved.test(end) ? { kind: "pushed" } : undefined;
  const said = [...end.matchAll(/^remote:[ \t]*(\S[^\n]*)$/gm)].map(([, line = ""]) => line);
  const told = [refused[2] ?? "", ...said.filter((line) => !/https?:\/\//.test(line))].join(" · ");
  const code = codes.find(([shape]) => shape.test(told))?.[1] ?? "rejected";
  return { kind: "refused", code, words: oneLine(withoutSecrets(told), wordsMax) };
}

const remedies: Record<RefusalCode, string> = {
  workflows:
    "Leave the workflow files as they are on the base branch (in every commit, also older ones of yours), and describe in the summary what should be changed in them.",
  secrets: "Take the secret out of every commit, not only the last one, by making the commits anew.",
  "large files": "Leave the large files out of every commit.",
  ruleset: "Make the commits so that the rule is kept, if you can.",
  protected: "Make the commits so that the rule is kept, if you can.",
  rejected: "Make the commits so that it is accepted, if you can.",
};

/** What the agent is told, once. */
export function refusalText({ code, words }: Extract<PushResult, { kind: "refused" }>): string {
  return `GitHub refused your last push: ${words}\n\n${remedies[code]} Then push again to the same branch and call submit_pull_request. If it cannot be done, end your turn and say why.`;
}

const help: Record<RefusalCode, string> = {
  workflows: "The App may not change workflow files; somebody else has to.",
  secrets: "GitHub's push protection found a secret in the commits.",
  "large files": "The commits hold files larger than GitHub takes.",
  ruleset: "A ruleset of the repository forbids it: an admin can exempt `claude/**` from it.",
  protected: "A branch protection rule forbids it: an admin can exempt `claude/**` from it.",
  rejected: "See the repository's rules for pushes.",
};

/** What people are told when it was refused again; GitHub's words as code, for the agent may have made them up. */
export function refusedWords({ code, words }: Extract<PushResult, { kind: "refused" }>): string {
  return `GitHub refused the push, also after the agent was told: \`${words.replaceAll("`", "'")}\`. ${help[code]}`;
}
