/**
 * `git http-backend` over repositories in memory: tells refs and moves them. What travels is one line a ref,
 * and the commands at the head of a push are git's own.
 */
import { commandsOf } from "../../sim/github/git-http.ts";
import { refsOf } from "./objects.ts";

/** Answers one request given as a CGI program gets it. */
export function backend(env: NodeJS.ProcessEnv, body: Buffer): string {
  const [directory = "", action = ""] = splitAt(env["PATH_TRANSLATED"] ?? "", env["PATH_INFO"] ?? "");
  const refs = refsOf(directory);
  if (action === "/git-receive-pack") {
    for (const { after, ref } of commandsOf(body)) {
      if (/^0+$/.test(after)) refs.delete(ref);
      else refs.set(ref, after);
    }
  }
  const told = [...refs]
    .filter(([name]) => name.startsWith("refs/"))
    .map(([name, sha]) => `${sha} ${name}\n`);
  const text = action === "/info/refs" ? told.join("") : "";
  return `Status: 200 OK\r\nContent-Type: application/x-git\r\n\r\n${text}`;
}

function splitAt(path: string, action: string): [string, string] {
  return [path.slice(0, path.length - action.length), action];
}
