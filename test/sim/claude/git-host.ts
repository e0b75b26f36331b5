/**
 * A git host for the simulator's own tests: real `git http-backend` over one directory of bare
 * repositories, with a set of tokens it accepts. It knows no permissions and no API.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { runProgram } from "../program.ts";

/** A running host. */
export interface GitHost {
  /** `127.0.0.1:PORT`, for `gitHosts`. */
  host: string;
  /** Where a repository is mounted from. */
  url(repository: string): string;
  /** Tokens that may fetch and push; take one out and it is refused with 401. */
  tokens: Set<string>;
  /** Makes a repository with one commit on `main`. */
  add(repository: string): void;
  /** The SHA a ref points to; undefined when there is none. */
  head(repository: string, ref: string): string | undefined;
  /** Runs git in a repository. */
  git(repository: string, ...words: string[]): string;
  stop(): Promise<void>;
}

const env = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  LC_ALL: "C",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Somebody",
  GIT_AUTHOR_EMAIL: "somebody@example.invalid",
  GIT_COMMITTER_NAME: "Somebody",
  GIT_COMMITTER_EMAIL: "somebody@example.invalid",
};

/** Starts a host on loopback. */
export async function startGitHost(): Promise<GitHost> {
  const root = mkdtempSync(join(tmpdir(), "git-host-"));
  const tokens = new Set<string>();
  const server = createServer((request, response) => {
    void serve({ root, tokens }, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  const git = (repository: string, ...words: string[]) =>
    execFileSync("git", words, { cwd: join(root, repository), env, encoding: "utf8", stdio: "pipe" }).trim();
  return {
    host,
    tokens,
    git,
    url: (repository) => `http://${host}/${repository}`,
    add: (repository) => addRepository(root, repository),
    head: (repository, ref) => {
      const found = git(repository, "for-each-ref", "--format=%(objectname)", ref);
      return found === "" ? undefined : found;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function addRepository(root: string, repository: string): void {
  const bare = join(root, repository);
  const work = join(root, `work-${repository.replace("/", "-")}`);
  const git = (cwd: string, ...words: string[]) => execFileSync("git", words, { cwd, env, stdio: "pipe" });
  for (const directory of [bare, work]) mkdirSync(directory, { recursive: true });
  git(bare, "init", "--quiet", "--bare", "--initial-branch=main");
  git(bare, "config", "http.receivepack", "true");
  git(work, "init", "--quiet", "--initial-branch=main");
  writeFileSync(join(work, "README.md"), `# ${repository}\n`);
  git(work, "add", "--all");
  git(work, "commit", "--quiet", "--message", "First");
  git(work, "push", "--quiet", bare, "main");
}

async function serve(
  { root, tokens }: { root: string; tokens: Set<string> },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await buffer(request);
  const [, basic = ""] = (request.headers.authorization ?? "").split("Basic ");
  const [, password = ""] = Buffer.from(basic, "base64").toString().split(":");
  if (!tokens.has(password)) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end("Bad credentials\n");
    return;
  }
  const url = new URL(request.url ?? "/", "http://host");
  const { stdout } = await runProgram("git", ["http-backend"], {
    env: {
      ...env,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: "somebody",
      REQUEST_METHOD: request.method ?? "GET",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      HTTP_GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
    input: body,
  });
  answer(stdout, response);
}

/** Turns the CGI's headers and body into an answer. */
function answer(output: Buffer, response: ServerResponse): void {
  const split = output.indexOf("\r\n\r\n");
  let status = 200;
  for (const line of output.subarray(0, split).toString().split("\r\n")) {
    const [name = "", value = ""] = line.split(": ");
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status).end(output.subarray(split + 4));
}
