/**
 * What is seen at the Claude platform, in words: the requests Patchwright makes, the steps of the agent,
 * and its git operations with the token that was mounted at that moment.
 */
import { textOf } from "../sim/claude/agent.ts";
import type { ClaudeSim } from "../sim/claude/claude.ts";
import type { SessionEvent } from "../sim/claude/session.ts";
import type { Words } from "./teller.ts";
import { tokenName } from "./token-name.ts";

type Request = ClaudeSim["log"][number];
type GitOperation = ClaudeSim["gitOperations"][number];
type ToolUse = Extract<SessionEvent, { type: "agent.tool_use" }>;

const outputLinesMax = 8;
const quotedLinesMax = 12;
const saidCharactersMax = 400;

/** A request of Patchwright's once it is answered; reads are not told. */
export function requestNews(request: Request, claude: ClaudeSim): Words | undefined {
  if (request.method === "DELETE" && request.route === "/v1/sessions/:id" && request.status < 400)
    return { who: "Patchwright", text: "deletes a session at the Claude platform" };
  if (request.method !== "POST") return undefined;
  const words = request.route === "/v1/sessions/:id/events" ? sending(request) : wordsFor(request, claude);
  if (words === undefined) return undefined;
  const { text, more = [] } = typeof words === "string" ? { text: words } : words;
  const failed = request.status >= 400 ? `, and is answered ${request.status}` : "";
  return { who: "Patchwright", text: `${text}${failed}`, more };
}

function wordsFor(request: Request, claude: ClaudeSim): string | undefined {
  switch (request.route) {
    case "/v1/agents":
      return "makes its agent at the Claude platform (found again by later starts)";
    case "/v1/environments":
      return "makes the environment its sessions run in";
    case "/v1/sessions":
      return opening(claude);
    case "/v1/sessions/:id/resources/:resource":
      return handOver(request, claude);
    case "/v1/sessions/:id/archive":
      return "archives the session";
    default:
      return undefined;
  }
}

function opening(claude: ClaudeSim): string {
  const session = claude.sessions.at(-1);
  const [mount, ...others] = session?.mounts ?? [];
  const budget = `$${Number(session?.budget?.max_list_cost.amount ?? 0) / 100}`;
  const beside = others.map(
    ({ repository, ledger }) => `, ${repository} to read with ${tokenName(ledger[0]?.sha256)}`,
  );
  return `opens session ${session?.id}: ${mount?.repository} mounted with ${tokenName(mount?.ledger[0]?.sha256)}${beside.join("")}, budget ${budget}`;
}

/** The mount's tokens by age: the one just set, and the one before it. */
function handOver({ path, requestBody }: Request, claude: ClaudeSim): string {
  const given = String(Reflect.get(Object(requestBody), "authorization_token"));
  const mount = claude.mounts(path.split("/")[3] ?? "").find((one) => path.endsWith(one.resourceId));
  const place = mount?.tokens.findIndex(({ sha256 }) => given.endsWith(sha256)) ?? 0;
  return `replaces the session's token: ${tokenName(mount?.tokens[place - 1]?.sha256)} → ${tokenName(given)}`;
}

/** What is sent to a session: the first message is the request, later ones and answers carry what others wrote. */
function sending({ requestBody }: Request): Pick<Words, "text" | "more"> | undefined {
  const events: unknown = Reflect.get(Object(requestBody), "events");
  const [event] = Array.isArray(events) ? events : [];
  switch (event?.type) {
    case "user.message": {
      const said = textOf(event.content);
      return said.startsWith("Resolve issue")
        ? { text: "sends the request: the issue, fenced as untrusted data, and the branch to push to" }
        : { text: "tells the agent, what others wrote fenced as untrusted data:", more: quoted(said) };
    }
    case "user.custom_tool_result": {
      const said = textOf(event.content);
      return said.includes("\n")
        ? { text: "gives the agent the answer, fenced as untrusted data:", more: quoted(said) }
        : { text: `answers: ${said}` };
    }
    case "user.interrupt":
      return { text: "interrupts the session" };
    default:
      return undefined;
  }
}

/** The beginning and the end of a message, without the id that no author could know. */
function quoted(said: string): string[] {
  const lines = said.replaceAll(/run_\w{20}/g, "RUN").split("\n");
  const shown = lines.filter((line) => line.trim() !== "");
  if (shown.length <= quotedLinesMax) return shown;
  const half = quotedLinesMax / 2;
  return [...shown.slice(0, half), `… ${shown.length - quotedLinesMax} more lines …`, ...shown.slice(-half)];
}

/** An event of a session; `log` is the session's whole log. */
export function eventNews(event: SessionEvent, log: readonly SessionEvent[]): Words | undefined {
  switch (event.type) {
    case "agent.thinking":
      return { who: "Claude", text: "thinks" };
    case "agent.message":
      return { who: "Claude", text: `says: ${textOf(event.content).slice(0, saidCharactersMax)}` };
    case "agent.tool_result": {
      const use = log.find((one): one is ToolUse => one.id === event.tool_use_id);
      return use && { who: "Claude", ...stepWords(use, textOf(event.content)) };
    }
    case "agent.custom_tool_use":
      return { who: "Claude", text: `calls ${event.name}: “${gistOf(event.input)}”` };
    case "session.error":
      return { who: "Claude", text: `tells of an error: ${event.error.message}` };
    case "session.status_idle":
      return event.stop_reason.type === "requires_action"
        ? undefined
        : { who: "Claude", text: `comes to rest: ${event.stop_reason.type}` };
    case "session.status_terminated":
      return { who: "Claude", text: "ends the session" };
    default:
      return undefined;
  }
}

function gistOf({ title, question, plan }: Record<string, unknown>): string {
  return String(title ?? question ?? plan ?? "")
    .split("\n", 1)
    .join("");
}

function stepWords({ name, input }: ToolUse, output: string): Pick<Words, "text" | "more"> {
  if (name !== "bash") return { text: `${name}s ${String(input["file_path"])}` };
  // The sandbox may have an older Node of its own: the command names ours, by its whole path.
  const command = String(input["command"]).replaceAll(process.execPath, "node");
  return { text: `$ ${command}`, more: tellingLines(output) };
}

/** Of a test run its verdicts, of anything else its beginning. */
function tellingLines(output: string): string[] {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const verdicts = lines.filter((line) => /^\s*[✔✖] .*ms\)$|^ℹ (pass|fail)\b|^\s*\S+ !== \S+$/.test(line));
  return [...new Set(verdicts.length > 0 ? verdicts : lines)].slice(0, outputLinesMax);
}

/** A git operation once it is answered, told at its first step. `isFirst`: it is the session's clone. */
export function gitNews(operation: GitOperation, isFirst: boolean): Words | undefined {
  if (operation.step !== "advertise" && operation.status < 400) return undefined;
  const what = { "git-upload-pack": isFirst ? "clones" : "fetches", "git-receive-pack": "pushes to" };
  const text = `${what[operation.service]} ${operation.repository} with ${tokenName(operation.tokenSha256)}: GitHub answers ${operation.status}`;
  return { who: "Claude", text };
}
