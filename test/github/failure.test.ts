/** What a failed call means, where the answer itself came to harm on its way. */
import { RequestError } from "@octokit/request-error";
import { expect, test } from "vitest";
import { asProblem } from "../../src/github/failure.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const json = { "content-type": "application/json; charset=utf-8" };
const html = { "content-type": "text/html; charset=utf-8" };

/** The problem behind an answer, as Octokit hands it out. */
function problemOf(
  status: number,
  headers: Record<string, string>,
  data: unknown,
  method: "GET" | "HEAD" = "GET",
) {
  const request = { method, url: "https://api.example.com/", headers: {} };
  const response = { status, headers, data, url: request.url };
  const words = typeof data === "string" ? data : "Not allowed";
  return asProblem(new RequestError(words, status, { request, response }), { now });
}

test.each([400, 401, 403, 404, 409, 410, 422])(
  "of a refusal (%i) whose words broke off nothing is known: later, and what was done is looked for",
  (status) => {
    for (const data of ["", '{"message":"Refer'])
      expect(problemOf(status, json, data)).toMatchObject({
        ...{ kind: "later", code: "github_unreachable", undone: false, retryAfterMs: undefined },
      });
  },
);

test.each([
  { status: 401, headers: json, data: { message: "Bad credentials" }, code: "github_credentials" },
  { status: 403, headers: json, data: { message: "Not allowed" }, code: "github_forbidden" },
  { status: 404, headers: json, data: { message: "Not Found" }, code: "github_gone" },
  { status: 422, headers: json, data: { message: "Invalid" }, code: "github_unprocessable" },
  { status: 403, headers: html, data: "<h1>Forbidden</h1>", code: "github_forbidden" },
  { status: 404, headers: html, data: "<h1>Not Found</h1>", code: "github_gone" },
  { status: 404, headers: { ...json, "content-length": "0" }, data: "", code: "github_gone" },
  { status: 404, headers: json, data: "", method: "HEAD" as const, code: "github_gone" },
  { status: 502, headers: json, data: "", code: "github_unwell" },
])("what came whole is judged: $status $headers $data", ({ status, headers, data, method, code }) => {
  expect(problemOf(status, headers, data, method)).toMatchObject({ code });
});

test.each([
  { status: 403, headers: { "retry-after": "90" }, data: "", waitMs: 90_000 },
  { status: 429, headers: {}, data: '{"mess', waitMs: 60_000 },
  {
    ...{ status: 403, data: "", waitMs: 300_000 },
    headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1_000 + 300) },
  },
])(
  "a limit keeps its time though its words broke off: $status $headers",
  ({ status, headers, data, waitMs }) => {
    const problem = problemOf(status, { ...json, ...headers }, data);
    expect(problem).toMatchObject({ code: "github_limited", retryAfterMs: waitMs });
  },
);
