/**
 * The settings: the one definition of every key, its bounds and its default.
 * The file's reader (`settings-file.ts`), the layering (`settings-layers.ts`) and the JSON Schema for editors
 * all come from it. Knows nothing of where a file lies or who wrote it.
 */
import { z } from "zod";
import { globProblem } from "./glob.ts";
import { roles } from "./permission.ts";

/** Kept back whatever the files say: whoever changes the settings changes what the screening keeps back. */
export const settingsPath = ".github/patchwright.yml";

const text = (charsMax: number) => z.string().max(charsMax);
const count = (min: number, max: number) => z.int({ abort: true }).min(min).max(max);
/** US dollars: at least a cent, at most ten thousand. */
const dollars = z.number().min(0.01).max(10_000);
/** GitHub's logins: letters, digits and hyphens, an underscore before a company's short code. */
const login = z.string().regex(/^[a-z\d][a-z\d_-]{0,38}$/i, "must be a GitHub login");
const slug = z
  .string()
  .regex(/^[a-z\d][a-z\d-]{0,99}$/i, "must be the slug of a GitHub App, as in github.com/apps/SLUG");
const hostWords = "must be a bare host name such as `api.example.com` or `*.example.com`";
const host = text(253).regex(
  /^(\*\.)?([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]{0,61}[a-z\d]$/i,
  hostWords,
);
const repository = z
  .string()
  .regex(/^[a-z\d][a-z\d_-]{0,38}\/(?!\.{1,2}$)[\w.-]{1,100}$/i, "must be a repository as `owner/name`");
const glob = z.string().superRefine((value, context) => {
  const problem = globProblem(value);
  if (problem) context.addIssue({ code: "custom", message: problem });
});

/** What Git refuses in a branch name (git-check-ref-format), and `{` and `}`, which are ours. */
const refusedInBranch = /^[-/]|\.\.|\/\/|\/\.|^\.|@\{|\.lock(\/|$)|[\s~^:?*[\\{}\p{Cc}]|[/.]$/u;
const branchName = (value: string) => !refusedInBranch.test(value);
const base = text(200).refine(branchName, "must be a branch name, or empty for the default branch");
/** A branch shared by two runs would mix their work, so the name has to tell runs apart. */
const branch = text(200)
  .refine((value) => /\{(session|issue)\}/.test(value), "must contain `{session}` or `{issue}`")
  .refine(
    (value) => branchName(value.replace(/\{(session|issue|slug)\}/g, "x")),
    "must be a branch name; `{session}`, `{issue}` and `{slug}` are replaced",
  );
const model = text(100).regex(/^[a-z\d]+([.-][a-z\d]+)*$/i, "must be the id of a model");
const review = z.union([z.enum(["requester", "none"]), z.array(login).max(15)], {
  error: "must be `requester`, `none` or a list of at most 15 logins",
});

/** The keys a label may set. */
const byLabel = {
  model,
  budget_usd: dollars,
  instructions: text(10_000),
  base,
  draft: z.boolean(),
  review,
  plan: z.boolean(),
};

const labelName = text(50).regex(/^\S(.*\S)?$/, "must be the name of a label, without space around it");
const labels = z.record(labelName, z.strictObject(byLabel).partial()).superRefine((given, context) => {
  const names = Object.keys(given);
  if (names.length > 50) context.addIssue({ code: "custom", message: "must name at most 50 labels" });
  for (const name of names.filter((one, at) => names.findIndex((other) => sameLabel(one, other)) < at)) {
    context.addIssue({ code: "custom", path: [name], message: "is the same label to GitHub as one above" });
  }
});

const network = z.strictObject({ hosts: z.array(host).max(50), package_managers: z.boolean() });
const paths = z.strictObject({ deny: z.array(glob).max(200) });
const ci = z.strictObject({ repair: z.boolean(), attempts: count(0, 10), apps: z.array(slug).max(20) });
const limits = z.strictObject({
  active_runs: count(1, 1_000),
  runs_per_day: count(1, 10_000),
  budget_usd_per_day: dollars,
  minutes: count(1, 10_080),
  // GitHub lists at most 3,000 files of a commit; the sandbox of a session lives 30 days.
  files: count(1, 3_000),
  lines: count(1, 100_000),
  session_days: count(1, 29),
});

const settings = z.strictObject({
  ...byLabel,
  enabled: z.boolean(),
  labels,
  who: z.enum(roles),
  bots: z.array(slug).max(20),
  branch,
  approval: z.enum(["anyone", "other"]),
  repositories: z.array(repository).max(10),
  network,
  paths,
  ci,
  github_mcp: z.enum(["off", "read"]),
  mcp: z.array(z.string().regex(/^[a-z][a-z\d_]{0,31}$/i, "must be a name the operator has defined")).max(10),
  limits,
});

/** What a settings file may say: every key optional, nothing unknown. */
export const settingsFile = settings
  .extend({ network: network.partial(), paths: paths.partial(), ci: ci.partial(), limits: limits.partial() })
  .partial();

/** All settings of a run, as they hold. Keys are spelled as in the file. */
export type Settings = z.infer<typeof settings>;
/** What a settings file gives; absent keys are absent. */
export type SettingsFile = z.infer<typeof settingsFile>;
/** What a label changes for the runs it starts. */
export type LabelChange = Settings["labels"][string];

/** The settings where no file says anything. */
export const defaultSettings: Settings = {
  enabled: true,
  labels: { agent: {} },
  who: "write",
  bots: [],
  model: "claude-opus-5-5",
  instructions: "",
  base: "",
  branch: "claude/{session}",
  approval: "anyone",
  draft: true,
  review: "requester",
  plan: false,
  budget_usd: 5,
  repositories: [],
  network: { hosts: [], package_managers: true },
  paths: {
    deny: [
      ".github/workflows/**",
      ".github/actions/**",
      settingsPath,
      ".github/dependabot.yml",
      "**/CODEOWNERS",
      ".gitmodules",
      ".gitattributes",
      ".claude/**",
      ".mcp.json",
      "CLAUDE.md",
      "AGENTS.md",
      ".husky/**",
    ],
  },
  ci: { repair: true, attempts: 2, apps: [] },
  github_mcp: "off",
  mcp: [],
  limits: {
    active_runs: 25,
    runs_per_day: 200,
    budget_usd_per_day: 200,
    minutes: 240,
    files: 100,
    lines: 5_000,
    session_days: 25,
  },
};

/** The label of that name and what it changes, compared as GitHub does: after NFC, without regard to case. */
export function labelOf(
  given: Pick<Settings, "labels">,
  name: string,
): { name: string; changes: LabelChange } | undefined {
  const found = Object.entries(given.labels).find(([own]) => sameLabel(own, name));
  return found && { name: found[0], changes: found[1] };
}

/** Is it the same label to GitHub? */
export function sameLabel(one: string, other: string): boolean {
  return one.normalize("NFC").toLowerCase() === other.normalize("NFC").toLowerCase();
}

/** JSON Schema (draft 2020-12) of a settings file, for editors. */
export function settingsJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(settingsFile, { target: "draft-2020-12", io: "input" });
}
