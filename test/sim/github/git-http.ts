/**
 * Git over smart HTTP: GitHub's authentication and refusals in front of `git http-backend`.
 * Whole requests and answers are held in memory, so it is for small repositories.
 */
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../program.ts";
import { holds, permissionsNow, reaches } from "./access.ts";
import { refMoved } from "./acts-ref.ts";
import { type Caller, callerOfToken, passwordOf } from "./auth.ts";
import type { Reply } from "./call.ts";
import { exclusively, gitEnvironment, refs } from "./git.ts";
import { commandsOf, type PushCommand } from "./push-command.ts";
import { moved, Refusal } from "./refusal.ts";
import { fullName, type Repository, repositoryOf, type World } from "./world.ts";

/** A git client's request. */
export interface GitRequest {
  method: string;
  owner: string;
  /** With or without `.git`. */
  name: string;
  /** `info/refs`, `git-upload-pack` or `git-receive-pack`. */
  action: string;
  query: string;
  headers: Headers;
  body: Buffer;
}

/** The service a request is for, as the log names it. */
export function serviceOf(request: Pick<GitRequest, "action" | "query">): string {
  return request.action === "info/refs"
    ? (new URLSearchParams(request.query).get("service") ?? "")
    : request.action;
}

/** A refusal in plain text: git shows it as `remote: …`. */
function refuse(status: number, text: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal(status, text, { headers, text });
}

/** Who sends git's Basic credentials; the user name has to be `x-access-token` (GitHub's App docs). */
export function gitCaller(world: World, header: string | null): Caller {
  if (!header) return { kind: "anonymous" };
  const [, credential = ""] = /^basic +(\S+)$/i.exec(header) ?? [];
  try {
    if (!Buffer.from(credential, "base64").toString().startsWith("x-access-token:"))
      throw new Error("user name");
    return callerOfToken(world, passwordOf(credential));
  } catch (problem) {
    if (problem instanceof Refusal && problem.status === 403) throw refuse(403, problem.message);
    throw refuse(
      401,
      "Invalid username or token. Password authentication is not supported for Git operations.",
      challenge,
    );
  }
}

const challenge = { "www-authenticate": 'Basic realm="GitHub"' };
const services = ["git-upload-pack", "git-receive-pack"];

/** Answers a git client. Throws `Refusal` with plain text. */
export async function answerGit(world: World, request: GitRequest, caller: Caller): Promise<Reply> {
  const service = serviceOf(request);
  if (!services.includes(service)) throw refuse(403, "Please upgrade your git client.");
  const repository = admitted(world, request, caller);
  if (service === "git-upload-pack" || request.action === "info/refs")
    return backend(request, repository, {});
  return exclusively(repository.directory, () => receive(world, request, { repository, caller }));
}

/** The repository, if the caller may use the service on it. */
function admitted(world: World, request: GitRequest, caller: Caller): Repository {
  const name = request.name.replace(/\.git$/, "");
  const writes = serviceOf(request) === "git-receive-pack";
  const repository = repositoryOf(world, request.owner, name) ?? renamed(world, request, name);
  const isOpen = repository?.private === false && !writes;
  if (caller.kind !== "installation") {
    if (isOpen) return repository;
    throw refuse(401, "Repository not found.", challenge);
  }
  if (!repository) throw refuse(404, "Repository not found.");
  if (!reaches(caller, repository)) {
    if (isOpen) return repository;
    throw repository.private ? refuse(404, "Repository not found.") : denied(world, repository);
  }
  const granted = permissionsNow(caller.token, caller.installation);
  if (!holds(granted, "contents:read") && !isOpen)
    throw refuse(403, "Write access to repository not granted.");
  if (writes && !holds(granted, "contents:write")) throw denied(world, repository);
  if (writes && repository.archived) throw refuse(403, "This repository was archived so it is read-only.");
  return repository;
}

function denied(world: World, repository: Repository): Refusal {
  return refuse(403, `Permission to ${fullName(repository)}.git denied to ${world.app.bot.login}.`);
}

function renamed(world: World, request: GitRequest, name: string): Repository | undefined {
  const repository = world.repositories.get(
    world.formerNames.get(`${request.owner}/${name}`.toLowerCase()) ?? 0,
  );
  if (!repository) return undefined;
  throw moved("GET", `${world.url}/${fullName(repository)}.git/${request.action}${request.query}`);
}

async function receive(
  world: World,
  request: GitRequest,
  { repository, caller }: { repository: Repository; caller: Caller },
): Promise<Reply> {
  const commands = commandsOf(request.body);
  const broken = commands.find(({ ref }) => repository.rules.some((rule) => rule.ref.test(ref)));
  const rule = broken && repository.rules.find((each) => each.ref.test(broken.ref));
  if (broken && rule) {
    const said = `error: GH013: Repository rule violations found for ${broken.ref}.\n\n- ${rule.says}\n\n`;
    return rejected(commands, "push declined due to repository rule violations", said);
  }
  const before = await refs(repository.directory);
  const note = join(tmpdir(), `refusal-${randomUUID()}`);
  const workflows =
    caller.kind === "installation" &&
    holds(permissionsNow(caller.token, caller.installation), "workflows:write");
  const reply = await backend(request, repository, workflows ? {} : { SIM_REFUSAL: note });
  const [path = ""] = (await readFile(note, "utf8").catch(() => "")).split("\n");
  await rm(note, { force: true });
  if (path !== "") {
    const text = `refusing to allow a GitHub App to create or update workflow \`${path}\` without \`workflows\` permission`;
    return rejected(commands, text);
  }
  const after = await refs(repository.directory);
  const actor = { account: world.app.bot };
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    await refMoved(world, repository, {
      move: { name, before: before.get(name), after: after.get(name) },
      actor,
    });
  }
  return reply;
}

function packet(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);
}

/** A report that every ref was refused, with what the server says on the side. */
function rejected(commands: PushCommand[], reason: string, said = ""): Reply {
  const report = [
    packet("unpack ok\n"),
    ...commands.map(({ ref }) => packet(`ng ${ref} ${reason}\n`)),
    Buffer.from("0000"),
  ];
  const bytes = Buffer.concat([
    ...(said === "" ? [] : [packet(`\u0002${said}`)]),
    packet(Buffer.concat([Buffer.from([1]), ...report])),
    Buffer.from("0000"),
  ]);
  return { status: 200, raw: { type: "application/x-git-receive-pack-result", bytes } };
}

/** Runs the CGI program to its end. */
async function backend(
  request: GitRequest,
  repository: Repository,
  more: Record<string, string>,
): Promise<Reply> {
  const { headers } = request;
  const env = {
    ...gitEnvironment,
    ...more,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_TRANSLATED: `${repository.directory}/${request.action}`,
    PATH_INFO: `/${request.action}`,
    QUERY_STRING: request.query.replace(/^\?/, ""),
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: headers.get("content-type") ?? "",
    CONTENT_LENGTH: String(request.body.length),
    HTTP_CONTENT_ENCODING: headers.get("content-encoding") ?? "",
    GIT_PROTOCOL: headers.get("git-protocol") ?? "",
    REMOTE_USER: "x-access-token",
  };
  const { stdout } = await runProgram("git", ["http-backend"], { env, input: request.body });
  return parseCgi(stdout);
}

function parseCgi(out: Buffer): Reply {
  const end = out.indexOf("\r\n\r\n");
  const head = out.toString("latin1", 0, Math.max(end, 0)).split("\r\n");
  const fields = new Map(
    head.map((line) => [line.split(":")[0]?.toLowerCase() ?? "", line.replace(/^[^:]*: */, "")]),
  );
  const type = fields.get("content-type") ?? "text/plain";
  return {
    status: Number.parseInt(fields.get("status") ?? "200", 10),
    raw: { type, bytes: out.subarray(end + 4) },
    headers: { "cache-control": "no-cache, max-age=0, must-revalidate" },
  };
}
