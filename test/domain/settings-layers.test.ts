/** Which settings hold, key by key: what a repository may narrow, what a label may change, what the operator caps. */
import { describe, expect, test } from "vitest";
import { defaultSettings, type SettingsFile } from "../../src/domain/settings.ts";
import { type Operator, resolveSettings } from "../../src/domain/settings-layers.ts";

const operator: Operator = { budgetUsdMax: 50, dayUsdMax: 500, defaultActiveRuns: 25, defaultBudgetUsd: 5 };
const resolve = (
  files: { organisation?: SettingsFile; repository?: SettingsFile; operator?: Partial<Operator> },
  label?: string,
) => resolveSettings({ ...files, operator: { ...operator, ...files.operator } }, label);

test("without files the defaults hold", () => {
  expect(resolve({})).toEqual({ settings: defaultSettings, problems: [] });
});

test("an undefined key covers nothing", () => {
  expect(resolve({ repository: { who: undefined, limits: { files: undefined } } }).settings).toEqual(
    defaultSettings,
  );
});

test("the repository's values go over the organisation's, maps key by key, lists as a whole", () => {
  const { settings, problems } = resolve({
    organisation: {
      model: "claude-a",
      review: ["mona"],
      ci: { attempts: 3, repair: false },
      bots: ["x", "y"],
    },
    repository: { model: "claude-b", ci: { repair: true }, bots: ["y"], branch: "b/{issue}", enabled: false },
  });
  expect(settings).toMatchObject({
    model: "claude-b",
    review: ["mona"],
    ci: { attempts: 3, repair: true, apps: [] },
    bots: ["y"],
    branch: "b/{issue}",
    enabled: false,
  });
  expect(problems).toEqual([]);
});

describe("a repository's file without an organisation's stands", () => {
  test("it may widen what the defaults say", () => {
    const wide: SettingsFile = {
      who: "triage",
      bots: ["x"],
      repositories: ["a/b"],
      network: { hosts: ["x.org"] },
      github_mcp: "read",
      mcp: ["jira"],
      budget_usd: 20,
      draft: false,
      limits: { files: 900 },
      labels: { deep: { budget_usd: 40 } },
    };
    const { settings, problems } = resolve({ repository: wide });
    expect(settings).toMatchObject(wide);
    expect(problems).toEqual([]);
  });

  test("it may keep back less, but never the settings file itself", () => {
    expect(resolve({ repository: { paths: { deny: [] } } }).settings.paths.deny).toEqual([
      ".github/patchwright.yml",
    ]);
  });
});

describe("under an organisation's file a repository only narrows", () => {
  const organisation: SettingsFile = {
    who: "maintain",
    bots: ["release-bot"],
    repositories: ["acme/api", "acme/web"],
    network: { hosts: ["api.example.com", "*.example.org"] },
    budget_usd: 10,
    ci: { attempts: 1, apps: ["circleci-checks"] },
    mcp: ["jira"],
    paths: { deny: ["infra/**"] },
    limits: { files: 50 },
  };

  test.each<[string, SettingsFile, SettingsFile, string[]]>([
    ["who", { who: "admin" }, { who: "admin" }, []],
    ["who", { who: "triage" }, { who: "maintain" }, ["who"]],
    ["bots", { bots: ["Release-Bot", "x"] }, { bots: ["Release-Bot"] }, ["bots"]],
    ["bots", { bots: [] }, { bots: [] }, []],
    [
      "repositories",
      { repositories: ["Acme/API", "acme/secret"] },
      { repositories: ["Acme/API"] },
      ["repositories"],
    ],
    [
      "network",
      {
        network: {
          hosts: ["deep.example.org", "API.example.com", "evil.org", "example.org", "*.example.com"],
        },
      },
      { network: { hosts: ["deep.example.org", "API.example.com"] } },
      ["network.hosts"],
    ],
    ["network", { network: { package_managers: false } }, { network: { package_managers: false } }, []],
    ["budget_usd", { budget_usd: 3 }, { budget_usd: 3 }, []],
    ["budget_usd", { budget_usd: 11 }, { budget_usd: 10 }, ["budget_usd"]],
    ["ci.attempts", { ci: { attempts: 2 } }, { ci: { attempts: 1 } }, ["ci.attempts"]],
    ["ci.attempts", { ci: { attempts: 0 } }, { ci: { attempts: 0 } }, []],
    ["ci.apps", { ci: { apps: ["x"] } }, { ci: { apps: [] } }, ["ci.apps"]],
    ["github_mcp", { github_mcp: "read" }, { github_mcp: "off" }, ["github_mcp"]],
    ["mcp", { mcp: ["jira", "figma"] }, { mcp: ["jira"] }, ["mcp"]],
    ["limits.files", { limits: { files: 51 } }, { limits: { files: 50 } }, ["limits.files"]],
    ["limits.files", { limits: { files: 5 } }, { limits: { files: 5 } }, []],
    [
      "limits left at their default",
      { limits: { lines: 5_001 } },
      { limits: { lines: 5_000 } },
      ["limits.lines"],
    ],
    [
      "limits.active_runs",
      { limits: { active_runs: 26 } },
      { limits: { active_runs: 25 } },
      ["limits.active_runs"],
    ],
    ["limits.minutes", { limits: { minutes: 300 } }, { limits: { minutes: 240 } }, ["limits.minutes"]],
    [
      "limits.runs_per_day",
      { limits: { runs_per_day: 201 } },
      { limits: { runs_per_day: 200 } },
      ["limits.runs_per_day"],
    ],
    [
      "limits.budget_usd_per_day",
      { limits: { budget_usd_per_day: 201 } },
      { limits: { budget_usd_per_day: 200 } },
      ["limits.budget_usd_per_day"],
    ],
    [
      "limits.session_days",
      { limits: { session_days: 26 } },
      { limits: { session_days: 25 } },
      ["limits.session_days"],
    ],
    ["model, which is free", { model: "claude-x" }, { model: "claude-x" }, []],
  ])("%s", (_, repository, expected, keys) => {
    const { settings, problems } = resolve({ organisation, repository });
    expect(settings).toMatchObject(expected);
    expect(problems.map(({ key }) => key)).toEqual(keys);
  });

  test("approval goes from anyone to other only", () => {
    const strict = resolve({ organisation: { approval: "other" }, repository: { approval: "anyone" } });
    expect(strict.settings.approval).toBe("other");
    expect(strict.problems).toMatchObject([{ key: "approval" }]);
    expect(resolve({ organisation: {}, repository: { approval: "other" } }).settings.approval).toBe("other");
  });

  test("package managers stay off", () => {
    const { settings } = resolve({
      organisation: { network: { package_managers: false } },
      repository: { network: { package_managers: true } },
    });
    expect(settings.network.package_managers).toBe(false);
  });

  test("a list of paths to keep back is added to the organisation's, quietly", () => {
    const { settings, problems } = resolve({ organisation, repository: { paths: { deny: ["db/**"] } } });
    expect(settings.paths.deny).toEqual(["infra/**", "db/**", ".github/patchwright.yml"]);
    expect(problems).toEqual([]);
  });

  test("paths the organisation leaves at their default stay kept back", () => {
    const { settings } = resolve({ organisation: {}, repository: { paths: { deny: ["db/**"] } } });
    expect(settings.paths.deny).toEqual([...defaultSettings.paths.deny, "db/**"]);
  });

  test("plan and draft stay on where the organisation turned them on, and only there", () => {
    const repository: SettingsFile = { plan: false, draft: false };
    expect(resolve({ organisation: { plan: true, draft: true }, repository })).toMatchObject({
      settings: { plan: true, draft: true },
      problems: [{ key: "draft" }, { key: "plan" }],
    });
    expect(resolve({ organisation: {}, repository }).settings).toMatchObject({ plan: false, draft: false });
  });
});

describe("labels", () => {
  test("a label changes the settings of the runs it starts, and no others", () => {
    const repository: SettingsFile = {
      labels: { Deep: { model: "claude-deep", budget_usd: 20, plan: true } },
    };
    expect(resolve({ repository }, "DEEP").settings).toMatchObject({
      model: "claude-deep",
      budget_usd: 20,
      plan: true,
    });
    expect(resolve({ repository }, "other").settings).toMatchObject({
      model: defaultSettings.model,
      budget_usd: 5,
    });
    expect(resolve({ repository }).settings.plan).toBe(false);
  });

  test("a file that names labels replaces the list; what it does not change of one is kept", () => {
    const { settings } = resolve({
      organisation: { labels: { agent: { plan: true, model: "claude-a" }, deep: { budget_usd: 9 } } },
      repository: { labels: { Agent: { model: "claude-b" } } },
    });
    expect(settings.labels).toEqual({ Agent: { plan: true, model: "claude-b" } });
  });

  test.each<[string, SettingsFile, number, number]>([
    [
      "may exceed the organisation's general budget where its label may",
      { labels: { deep: { budget_usd: 20 } } },
      18,
      18,
    ],
    ["not what the organisation gives the label", { labels: { deep: { budget_usd: 20 } } }, 30, 20],
    ["nor, failing that, its general budget", { budget_usd: 7 }, 30, 7],
  ])("a repository's label %s", (_, organisation, wish, got) => {
    const { settings, problems } = resolve(
      { organisation, repository: { labels: { deep: { budget_usd: wish } } } },
      "deep",
    );
    expect(settings.budget_usd).toBe(got);
    expect(problems.map(({ key }) => key)).toEqual(wish === got ? [] : ["labels.deep.budget_usd"]);
  });

  test("a repository's label cannot turn off a plan the organisation asks for", () => {
    const repository: SettingsFile = { labels: { quick: { plan: false, draft: false } } };
    const asked = resolve({ organisation: { plan: true, draft: true }, repository }, "quick");
    expect(asked.settings).toMatchObject({ plan: true, draft: true });
    const byLabel = { organisation: { plan: true, labels: { quick: { plan: false } } }, repository };
    expect(resolve(byLabel, "quick").settings.plan).toBe(false);
  });
});

describe("the operator's ceilings stand above all files", () => {
  test("for a run, a label and a day", () => {
    const repository: SettingsFile = {
      budget_usd: 60,
      labels: { deep: { budget_usd: 70 } },
      limits: { budget_usd_per_day: 600 },
    };
    const { settings, problems } = resolve({ repository }, "deep");
    expect(settings).toMatchObject({ budget_usd: 50, limits: { budget_usd_per_day: 500 } });
    expect(new Set(problems.map(({ key }) => key))).toEqual(
      new Set(["budget_usd", "labels.deep.budget_usd", "limits.budget_usd_per_day"]),
    );
    expect(resolve({ organisation: repository }).settings.budget_usd).toBe(50);
  });

  test("the defaults come from the operator, under the ceilings and without a note", () => {
    const { settings, problems } = resolve({
      operator: { defaultActiveRuns: 3, defaultBudgetUsd: 8, budgetUsdMax: 6, dayUsdMax: 100 },
    });
    expect(settings).toMatchObject({ budget_usd: 6, limits: { active_runs: 3, budget_usd_per_day: 100 } });
    expect(problems).toEqual([]);
  });
});
