/** What a push asks for, read from the head of its request. */

/** One line of what a push asks for. */
export interface PushCommand {
  before: string;
  after: string;
  ref: string;
}

/** The commands at the start of a `git-receive-pack` request (gitprotocol-pack: pkt-lines up to a flush). */
export function commandsOf(body: Buffer): PushCommand[] {
  const commands: PushCommand[] = [];
  for (let at = 0; at + 4 <= body.length; ) {
    const length = Number.parseInt(body.toString("latin1", at, at + 4), 16);
    if (!(length > 4)) break;
    const line = body.toString("utf8", at + 4, at + length);
    const [, before = "", after = "", ref = ""] =
      /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)/.exec(line) ?? [];
    if (ref) commands.push({ before, after, ref });
    at += length;
  }
  return commands;
}
