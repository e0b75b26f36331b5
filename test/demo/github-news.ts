/**
 * What is seen at GitHub, in words: its deliveries and the requests Patchwright makes.
 * What a newcomer would not miss is left out. Knows no token, only fingerprints.
 */
import type { GitHubSim } from "../sim/github/github.ts";
import type { Words } from "./teller.ts";
import { tokenName } from "./token-name.ts";

type Request = GitHubSim["log"][number];
type Delivery = GitHubSim["deliveries"][number];
type Token = ReturnType<GitHubSim["tokens"]>[number];

/** Deliveries that are told; of the others a newcomer would learn nothing. */
const toldDeliveries =
  /^(issues\.|issue_comment\.created|pull_request_review\.|check_suite\.completed|pull_request\.closed|installation\.(suspend|unsuspend|deleted))/;

/** A delivery once it is answered; what our own bot did is not told again. */
export function deliveryNews({
  event,
  action,
  payload,
  statusCode,
  durationMs,
}: Delivery): Words | undefined {
  const name = `${event}.${action}`;
  if (
    !toldDeliveries.test(name) ||
    (field(field(payload, "sender"), "type") === "Bot" && event !== "check_suite")
  )
    return undefined;
  const text = `delivers ${name}, signed; the server has it on disk and answers ${statusCode} after ${durationMs} ms`;
  return { who: "GitHub", text };
}

/** A request once it is answered. */
export function requestNews(
  request: Request,
  github: Pick<GitHubSim, "tokens" | "repositoryName">,
): Words | undefined {
  if (request.as === "anonymous" || request.route.startsWith("git-")) return undefined;
  if (request.status === 404 && /\/(compare|git\/ref)\//.test(request.route)) {
    const isLast = request.route.includes("/git/ref/");
    return isLast
      ? { who: "Patchwright", text: "looks for the session's branch: nothing was pushed" }
      : undefined;
  }
  if (request.status >= 400) {
    const text = `asks for ${request.method} ${request.path} and is answered ${request.status}`;
    return { who: "Patchwright", text };
  }
  const text = wordsFor(request, github);
  return text === undefined ? undefined : { who: "Patchwright", text };
}

function wordsFor(
  request: Request,
  { tokens, repositoryName }: Pick<GitHubSim, "tokens" | "repositoryName">,
): string | undefined {
  const [asked, said] = [request.requestBody, request.responseBody];
  switch (`${request.method} ${request.route.replace("/repos/{owner}/{repo}", "")}`) {
    case "GET /collaborators/{username}/permission":
      return `asks what ${request.path.split("/").at(-2)} may do in ${repositoryOf(request)}: ${field(said, "role_name")}`;
    case "POST graphql":
      return String(field(asked, "query")).includes("organisation:")
        ? "reads the settings files of the repository and of its organisation in one question"
        : undefined;
    case "POST /issues/{issue_number}/reactions":
      return `reacts to the issue with :${field(asked, "content")}:`;
    case "POST /issues/comments/{comment_id}/reactions":
      return `reacts to the comment with :${field(asked, "content")}:`;
    case "POST /issues/{issue_number}/comments":
      return `posts ${isStatus(asked) ? "the status comment" : `a comment on #${request.path.split("/").at(-2)}`}: ${headline(asked)}`;
    case "PATCH /issues/comments/{comment_id}":
      return `edits the status comment: ${headline(asked)}`;
    case "POST /app/installations/{installation_id}/access_tokens":
      return mintWords(String(field(said, "token")), tokens(), repositoryName);
    case "DELETE /installation/token":
      return tokens().some(({ sha256, repositoryIds }) => sha256 === request.tokenHash && repositoryIds)
        ? `revokes ${tokenName(request.tokenHash)}`
        : undefined;
    case "GET /compare/{basehead}":
      return `reads and screens what was pushed: ${decodeURIComponent(request.path.split("/").at(-1) ?? "")}`;
    case "POST /pulls":
      return `opens the pull request #${field(said, "number")}${field(said, "draft") ? " as a draft" : ""}`;
    case "POST /check-runs":
      return `puts its check on the head: ${checkWords(asked)}`;
    case "PATCH /check-runs/{check_run_id}":
      return `changes its check: ${checkWords(asked)}`;
    case "GET /actions/jobs/{job_id}/logs":
      return "reads the log of the failed job";
    case "POST /pulls/{pull_number}/requested_reviewers":
      return `asks ${[field(asked, "reviewers")].flat().join(", ")} to review it`;
    default:
      return undefined;
  }
}

/** A token for a session. Patchwright's own, good for the whole installation, stays inside the server. */
function mintWords(
  masked: string,
  tokens: Token[],
  repositoryName: (id: number) => string,
): string | undefined {
  const token = tokens.find(({ sha256 }) => masked.endsWith(sha256));
  if (!token?.repositoryIds) return undefined;
  const where = token.repositoryIds.map(repositoryName).join(", ");
  const may = Object.entries(token.permissions).map(([name, level]) => `${name} ${level}`);
  const lifeS = (token.expiresAt - token.createdAt) / 1000;
  const life = lifeS < 120 ? `${lifeS.toFixed(1)} s` : `${Math.round(lifeS / 60)} min`;
  return `mints ${tokenName(token.sha256)}: ${where} alone, ${may.toSorted().join(", ")}, lives ${life}`;
}

/** `owner/name` of a REST path. */
function repositoryOf({ path }: Request): string {
  return /\/repos\/([^/]+\/[^/]+)/.exec(path)?.[1] ?? "";
}

function checkWords(asked: unknown): string {
  const state = field(asked, "conclusion") ?? field(asked, "status");
  return `${state}, “${field(field(asked, "output"), "title")}”`;
}

/** The status comment's marker has the run's id and nothing more. */
function isStatus(asked: unknown): boolean {
  return /<!-- patchwright:run:\w+ -->/.test(String(field(asked, "body")));
}

/** The first line of a comment, without Markdown's stars. */
function headline(body: unknown): string {
  return String(field(body, "body")).split("\n", 1).join("").replaceAll("**", "");
}

/** A field of parsed JSON. */
function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
