/**
 * The platform's git proxy: the sandbox's only way to its repositories. Adds the token mounted at
 * that moment after the traffic has left the sandbox, refuses pushes the policy forbids, and writes
 * down every operation. Reaches only hosts the test has named, never the outside.
 */

import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { type Context, Hono } from "hono";
import { request } from "undici";
import { sha256 } from "./journal.ts";
import { type Mount, rootOf } from "./mount.ts";
import { pushCommands, refusedStatus } from "./push-policy.ts";
import { placeOf } from "./sandbox.ts";
import type { Session } from "./session.ts";
import type { GitOperation, World } from "./world.ts";

const passedOn = ["content-type", "content-encoding", "accept", "git-protocol", "user-agent"];
const passedBack = ["content-type", "cache-control", "expires", "pragma", "www-authenticate"];

const redirectsMax = 3;

/** Routes under `/git/SESSION/OWNER/NAME`, git's smart HTTP protocol. */
export function gitProxy(world: World): Hono {
  const base = "/git/:session/:owner/:name";
  return new Hono()
    .get(`${base}/info/refs`, async (c) => {
      const service = c.req.query("service");
      return service === "git-upload-pack" || service === "git-receive-pack"
        ? pass(world, c, { service, step: "advertise", path: `/info/refs?service=${service}` })
        : c.text("only the smart protocol\n", 403);
    })
    .post(`${base}/git-upload-pack`, (c) =>
      pass(world, c, { service: "git-upload-pack", step: "exchange", path: "/git-upload-pack" }),
    )
    .post(`${base}/git-receive-pack`, (c) =>
      pass(world, c, { service: "git-receive-pack", step: "exchange", path: "/git-receive-pack" }),
    );
}

interface Exchange {
  service: GitOperation["service"];
  step: GitOperation["step"];
  path: string;
}

async function pass(world: World, c: Context, { service, step, path }: Exchange): Promise<Response> {
  const session = world.sessions.get(c.req.param("session") ?? "");
  const repository = `${c.req.param("owner")}/${c.req.param("name")}`;
  const mount = session?.mounts.find((one) => one.repository === repository);
  if (!session || !mount) return c.text("repository not mounted\n", 403);

  const body = Buffer.from(await c.req.arrayBuffer());
  const operation: GitOperation = {
    at: world.clock.now(),
    sessionId: session.id,
    resourceId: mount.resource.id,
    repository,
    service,
    step,
    refs: [],
    status: 0,
  };
  if (mount.token !== undefined) operation.tokenSha256 = sha256(mount.token);
  world.gitOperations.push(operation);

  const refused =
    service === "git-receive-pack" ? await refusal(world, { session, mount, body, operation }, c) : undefined;
  const answer = refused === undefined ? await forward(world, c, { mount, path, body }) : undefined;
  operation.status = refused ?? answer?.status ?? 502;
  if (answer === undefined) return new Response("refused by the git proxy\n", { status: operation.status });
  mount.hostStatus = answer.status;
  return answer;
}

interface Push {
  session: Session;
  mount: Mount;
  body: Buffer;
  operation: GitOperation;
}

async function refusal(world: World, push: Push, c: Context): Promise<number | undefined> {
  const { session, mount, body, operation } = push;
  const policy = world.switches.pushPolicy;
  if (operation.step === "advertise")
    return policy === "fail_503" || policy === "expired_token"
      ? refusedStatus(policy, { commands: [], sessionId: session.id, currentBranch: undefined })
      : undefined;
  const plain = c.req.header("content-encoding") === "gzip" ? gunzipSync(body) : body;
  if (plain.toString("latin1") === "0000") return undefined;
  const commands = pushCommands(plain);
  operation.refs = commands.map(({ ref }) => ref);
  const currentBranch = await branchOf(placeOf(rootOf(world, session), "/", mount.resource.mount_path));
  return refusedStatus(policy, { commands, sessionId: session.id, currentBranch });
}

async function branchOf(directory: string): Promise<string | undefined> {
  const head = await readFile(`${directory}/.git/HEAD`, "utf8").catch(() => "");
  return head.startsWith("ref: refs/heads/") ? head.slice("ref: refs/heads/".length).trim() : undefined;
}

async function forward(
  world: World,
  c: Context,
  { mount, path, body }: { mount: Mount; path: string; body: Buffer },
): Promise<Response> {
  const headers = new Headers();
  for (const name of passedOn) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  if (mount.token !== undefined)
    headers.set("authorization", `Basic ${Buffer.from(`x-access-token:${mount.token}`).toString("base64")}`);
  try {
    return await ask(world, `${mount.resource.url}${path}`, {
      headers,
      body: c.req.method === "POST" ? body : null,
    });
  } catch {
    return new Response("the repository's host did not answer\n", { status: 502 });
  }
}

/** Asks the repository's host, following a renamed repository while it stays on hosts the test has named. */
async function ask(
  world: World,
  address: string,
  { headers, body }: { headers: Headers; body: Buffer | null },
): Promise<Response> {
  let url = new URL(address);
  for (let hop = 0; hop <= redirectsMax && world.gitHosts.includes(url.host); hop += 1) {
    const answer = await request(url, { method: body ? "POST" : "GET", headers, body });
    const { location } = answer.headers;
    if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== "string") {
      const back = new Headers();
      for (const name of passedBack) {
        const value = answer.headers[name];
        if (typeof value === "string") back.set(name, value);
      }
      return new Response(await answer.body.arrayBuffer(), { status: answer.statusCode, headers: back });
    }
    await answer.body.dump();
    url = new URL(location, url);
  }
  return new Response("no such host\n", { status: 502 });
}
