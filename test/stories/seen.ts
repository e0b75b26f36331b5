/**
 * The transcript of a story: what people do on GitHub and what they see of us, one line each, in order. What
 * differs from play to play (ids, hashes, spans of time) has names.
 */
import type { Stage } from "./stage.ts";

type Request = Stage["github"]["log"][number];
type Delivery = Stage["github"]["deliveries"][number];

const of = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((at, name) => Reflect.get(Object(at), name), value);

/** Everything, oldest first. */
export function seen({ github }: Stage): string[] {
  const acts = github.deliveries.map((one) => ({ at: one.at, order: 0, line: deed(one) }));
  const words = github.log
    .filter(({ status }) => status >= 200 && status < 300)
    .map((one) => ({ at: one.at, order: 1, line: shown(one) }));
  return [...acts, ...words]
    .filter(({ line }) => line !== undefined)
    .toSorted((a, b) => a.at - b.at || a.order - b.order)
    .map(({ line }) => plain(line ?? ""));
}

function plain(line: string): string {
  return line
    .replace(/run_\w{20}/g, "RUN")
    .replace(/\b[0-9a-f]{12,40}\b/g, "SHA")
    .replace(/sesn_\w+/g, "SESSION")
    .replace(/· (\d+ h )?\d+ (s|min) ·/g, "· TIME ·");
}

const firstLine = (text: unknown) => String(text).trim().split("\n", 1).join("");

/** What a person did, by its delivery; what Apps do is seen by their requests. */
function deed({ event, action, payload }: Delivery): string | undefined {
  const who = of(payload, "sender", "login");
  const number = of(payload, "issue", "number") ?? of(payload, "pull_request", "number");
  const name = `${event}.${action}`;
  if (name === "check_suite.completed")
    return `CI: ${of(payload, "check_suite", "conclusion")} on ${of(payload, "check_suite", "head_sha")}`;
  if (of(payload, "sender", "type") !== "User") return undefined;
  switch (name) {
    case "issues.labeled":
    case "issues.unlabeled":
      return `${who} ${action} #${number}`;
    case "issues.closed":
      return `${who} closes #${number}`;
    case "issue_comment.created":
      return `${who} on #${number}: ${firstLine(of(payload, "comment", "body"))}`;
    case "pull_request_review.submitted":
      return `${who} reviews #${number}: ${of(payload, "review", "state")}`;
    case "pull_request.closed":
      return `${who} ${of(payload, "pull_request", "merged") ? "merges" : "closes"} #${number}`;
    default:
      return undefined;
  }
}

/** What we showed. */
function shown({ method, route, path, requestBody, responseBody }: Request): string | undefined {
  const body = String(of(requestBody, "body") ?? "");
  const isStatus = /<!-- patchwright:run:\w+ -->/.test(body);
  switch (`${method} ${route.replace("/repos/{owner}/{repo}", "")}`) {
    case "POST /issues/{issue_number}/comments":
      return isStatus
        ? `  status: ${firstLine(body)}`
        : `  says on #${path.split("/").at(-2)}: ${firstLine(body)}`;
    case "PATCH /issues/comments/{comment_id}":
      return `  status: ${firstLine(body)}`;
    case "POST /issues/{issue_number}/reactions":
      return `  :${of(requestBody, "content")}: on #${path.split("/").at(-2)}`;
    case "POST /issues/comments/{comment_id}/reactions":
      return `  :${of(requestBody, "content")}: on the comment`;
    case "POST /pulls":
      return `  opens #${of(responseBody, "number")}`;
    case "POST /check-runs":
    case "PATCH /check-runs/{check_run_id}":
      return `  check: ${of(requestBody, "conclusion") ?? of(requestBody, "status")}, ${of(requestBody, "output", "title")}`;
    default:
      return undefined;
  }
}
