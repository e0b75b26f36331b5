/**
 * `git http-backend` over repositories in memory: tells refs and moves them. What travels is one line a ref,
 * and the commands at the head of a push are git's own. It holds pushes to what the simulators' `pre-receive` does.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandsOf } from "../../sim/github/push-command.ts";
import { commitOf, historyOf, refsOf } from "./objects.ts";

const workflows = ".github/workflows/";

/** Answers one request given as a CGI program gets it. */
export function backend(env: NodeJS.ProcessEnv, body: Buffer): string {
  const [directory = "", action = ""] = splitAt(env["PATH_TRANSLATED"] ?? "", env["PATH_INFO"] ?? "");
  const refs = refsOf(directory);
  if (action === "/git-receive-pack") {
    const note = env["SIM_REFUSAL"];
    const commands = commandsOf(body);
    const path = commands.map(({ after }) => workflowOf(after, refs)).find((one) => one !== undefined);
    if (note !== undefined && path !== undefined) writeFileSync(note, `${path}\n`);
    else
      for (const { after, ref } of commands) {
        if (/^0+$/.test(after)) refs.delete(ref);
        else refs.set(ref, after);
      }
  }
  const told = [...refs].filter(([name]) => name.startsWith("refs/"));
  const head = refs.get(headOf(directory) ?? "");
  const lines = [...(head === undefined ? [] : [["HEAD", head]]), ...told].map(
    ([name, sha]) => `${sha} ${name}\n`,
  );
  const text = action === "/info/refs" ? lines.join("") : "";
  return `Status: 200 OK\r\nContent-Type: application/x-git\r\n\r\n${text}`;
}

/** The ref that a repository's HEAD names. */
function headOf(directory: string): string | undefined {
  const file = join(directory, "HEAD");
  return existsSync(file) ? /^ref: (\S+)/.exec(readFileSync(file, "utf8"))?.[1] : undefined;
}

/** A workflow file that the commits new with a push touch. */
function workflowOf(after: string, refs: Map<string, string>): string | undefined {
  const known = new Set([...refs.values()].flatMap((sha) => historyOf(sha).map((commit) => commit.sha)));
  return historyOf(after)
    .filter(({ sha }) => !known.has(sha))
    .flatMap(({ files, parents }) => {
      const before = commitOf(parents[0] ?? "")?.files;
      const paths = new Set([...files.keys(), ...(before?.keys() ?? [])]);
      return [...paths].filter((path) => path.startsWith(workflows) && files.get(path) !== before?.get(path));
    })[0];
}

function splitAt(path: string, action: string): [string, string] {
  return [path.slice(0, path.length - action.length), action];
}
