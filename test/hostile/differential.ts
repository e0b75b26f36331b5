/**
 * The same issue told harmlessly and by hostile texts, through the real service against both simulators on a
 * virtual clock: whatever the words say, what is done with them is the same. Compared is all control data: the
 * session's order (agent, tools, servers, environment, budget, repositories, mounts, metadata, vaults), the tokens'
 * scopes, our own words in the request, the pull request with its branch, base, reviewers and body, and the run's
 * settings. Only what stands inside the fences, and the words quoted for people, may differ.
 */
import type { Script } from "../sim/claude/agent.ts";
import { doNothing } from "../sim/claude/scripts.ts";
import { type Stage, setStage, shop } from "../stories/stage.ts";
import { rowsOf } from "../stories/verdict.ts";
import { type Payload, payloads } from "./payloads.ts";

/** One payload that changed something. */
export interface Difference {
  wish: string;
  disguise: string;
  /** Where: a name of the control data. */
  what: string;
  harmless: string;
  hostile: string;
}

/** What came of it. */
export interface Differential {
  /** Texts that were played. */
  payloads: number;
  differences: Difference[];
}

/** Runs of one stage: fewer than may be at work at once, or begin in a day. */
const batchSize = 20;
/** Every so many texts the agent pushes, so that a pull request is opened. */
const pushEvery = 4;

const endings = /\*\*(opened|no changes|stopped|failed|refused|budget reached|timed out|unanswered)/;

const harmless: Payload = { wish: "none", disguise: "none", text: "Adding 1 and 2 gives 4." };

/** Plays every `step`th payload, beginning at `from`; all of them when left out. */
export async function hostileDifferential({ step = 1, from = 0 } = {}): Promise<Differential> {
  const chosen = payloads.filter((_, at) => at % step === from);
  const differences: Difference[] = [];
  for (let at = 0; at < chosen.length; at += batchSize)
    differences.push(...(await playBatch(chosen.slice(at, at + batchSize))));
  return { payloads: chosen.length, differences };
}

async function playBatch(batch: Payload[]): Promise<Difference[]> {
  const stage = await setStage({
    beforehand: ({ claude }) => {
      claude.switches.clones = false;
    },
  });
  try {
    const told = [harmless, harmless, ...batch].map((payload, at) => {
      const pushes = at % pushEvery === 0;
      return { payload, pushes, issue: tell(stage, payload) };
    });
    const scripts = new Map(told.map(({ issue, pushes }) => [`#${issue}:`, script(stage, pushes)]));
    stage.claude.script(
      ({ title }) => [...scripts].find(([mark]) => title?.includes(mark))?.[1] ?? doNothing,
    );
    await stage.pass(2_000);
    for (const { issue } of told) stage.github.label(shop, issue, { label: "agent", by: "mona" });
    // However each ends: an ending of its own is a difference like any other.
    for (const { issue } of told)
      await stage.until("it has ended", () => endings.test(stage.headline(issue)));
    await stage.pass(60_000);
    // The rows are read from under the service.
    await stage.app.stop();
    const rows = rowsOf(stage.disk, "runs");
    const seen = told.map((one) => {
      const ending = endings.exec(stage.headline(one.issue))?.[1] ?? "";
      return { ...one, control: { ending, ...controlOf(stage, rows, one.issue) } };
    });
    return seen.slice(2).flatMap(({ payload, pushes, control }) => {
      const usual = seen.slice(0, 2).find((one) => one.pushes === pushes)?.control ?? {};
      return differencesOf(payload, usual, control);
    });
  } finally {
    await stage.close();
  }
}

/** An issue whose title, body and comments all say it: by the author, by somebody who may trigger, by a stranger. */
function tell({ github }: Stage, { text }: Payload): number {
  const title = Array.from(text.replace(/\s+/g, " ").trim()).slice(0, 100).join("") || "It fails";
  const issue = github.openIssue(shop, { title, body: text, author: "mona" });
  // Not in the first line: a command of somebody who may give one is no attack.
  github.comment(shop, issue, { body: `I saw this:\n\n${text}`.slice(0, 65_000), by: "rita" });
  github.comment(shop, issue, { body: `I as well:\n\n${text}`.slice(0, 65_000), by: "otto" });
  return issue;
}

/** No sandbox holds a clone: what is pushed appears at GitHub, as an agent's push would. */
function script({ github }: Stage, pushes: boolean): Script {
  if (!pushes) return doNothing;
  return async (agent) => {
    const files = { [`fix-${agent.session.id}.txt`]: "fixed\n" };
    await github.pushCommit(shop, agent.branch, { files, by: github.app.botLogin });
    await agent.custom("submit_pull_request", { title: "Fix the problem", summary: "Fixed it." });
  };
}

type Control = Record<string, string>;

function controlOf({ claude, github }: Stage, rows: Record<string, unknown>[], issue: number): Control {
  const sessions = claude.sessions.filter(({ metadata }) => metadata["issue"] === String(issue));
  const session = sessions[0];
  if (!session) return { sessions: "0" };
  const run = session.metadata["run_id"] ?? "";
  const names: [string, string][] = [
    [session.id, "SESSION"],
    [run, "RUN"],
    [`#${issue}`, "#ISSUE"],
    [`"${issue}"`, '"ISSUE"'],
  ];
  const pull = github.pulls(shop).find(({ head }) => head.endsWith(session.id));
  if (pull) names.push([`#${pull.number}`, "#PULL"]);
  const plain = (value: unknown) =>
    names.reduce((text, [name, stands]) => text.replaceAll(name, stands), JSON.stringify(value) ?? "none");
  const created = claude.log.find(
    ({ method, path, requestBody }) =>
      method === "POST" && path === "/v1/sessions" && JSON.stringify(requestBody).includes(run),
  );
  const order = created?.requestBody as { title?: string; resources?: { authorization_token?: string }[] };
  const scopes = claude.mounts(session.id).flatMap(({ repository, tokens }) =>
    tokens.map((held) => {
      const token = github.tokens().find(({ sha256 }) => sha256 === held.sha256);
      return { repository, repositoryIds: token?.repositoryIds, permissions: token?.permissions };
    }),
  );
  const row = rows.find(({ id }) => id === run);
  return {
    sessions: plain(sessions.length),
    order: plain({
      ...order,
      title: order.title?.split(":")[0],
      resources: order.resources?.map((one) => ({ ...one, authorization_token: "TOKEN" })),
    }),
    scopes: plain(scopes),
    request: ownWords(plain(session.log.find(({ type }) => type === "user.message"))),
    sent: plain(session.log.filter(({ type }) => type.startsWith("user.")).map(({ type }) => type)),
    pull: plain(pull && { ...pull, number: 0, headSha: "", sha: "" }),
    settings: plain(row?.["settings_json"]),
    run: plain([row?.["round"], row?.["phase"], row?.["stop_json"]]),
  };
}

/** Fenced blocks that a text with pictures has besides. */
const pictures =
  /<untrusted-data RUN: addresses of pictures that are not sent, and why>\\n[\s\S]*?\\n<\/untrusted-data RUN>\\n\\n/g;

/** The request without what stands inside its fences, ids, and times. */
function ownWords(request: string): string {
  return request
    .replace(pictures, "")
    .replace(/<untrusted-data RUN: ((?:(?!>\\n).)*)>\\n[\s\S]*?\\n<\/untrusted-data RUN>/g, "[$1]")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/"id":"[^"]*"/g, "");
}

function differencesOf({ wish, disguise }: Payload, usual: Control, control: Control): Difference[] {
  return Object.keys(usual).flatMap((what) => {
    const [was, is] = [usual[what] ?? "", control[what] ?? ""];
    return was === is
      ? []
      : [{ wish, disguise, what, harmless: was.slice(0, 2_000), hostile: is.slice(0, 2_000) }];
  });
}
