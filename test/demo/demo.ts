/**
 * `npm run demo`: plays a story before the real server and tells it as it happens. Exit status 0 when it
 * ended well, 1 with what failed when it did not, 2 for an argument it does not know, and `--help` names the stories.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { lastWords } from "../process.ts";
import { createChronicle } from "./chronicle.ts";
import { openScene, type Scene } from "./scene.ts";
import { storyNamed, storyNames } from "./stories.ts";
import { type Story, waitIn } from "./story.ts";
import { createTeller, type Teller } from "./teller.ts";

const storyMsMax = 90_000;
const logLinesShown = 12;

/** A reason to stop, in one line, and the exit status it has. */
class Halt extends Error {
  readonly status: 1 | 2;

  constructor(status: 1 | 2, words: string) {
    super(words);
    this.status = status;
  }
}

const interrupted = new Halt(1, "demo: interrupted before the story was over");

interface Wanted {
  help: boolean;
  story: Story;
  keep: boolean;
}

async function readArguments(): Promise<Wanted> {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: "boolean", short: "h", default: false },
        keep: { type: "boolean", default: false },
        story: { type: "string", default: "main" },
      },
    });
    const story = await storyNamed(values.story);
    if (!story) throw new Error(`there is no story “${values.story}”`);
    return { ...values, story };
  } catch (error) {
    const [words = ""] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new Halt(2, `demo: ${words}; use --help, --keep, --story=${storyNames().join("|")}`);
  }
}

/** What can be played, and how. */
async function help(): Promise<string[]> {
  const names = storyNames();
  const width = Math.max(...names.map(({ length }) => length));
  const stories = names.map(
    async (name) => `  --story=${name.padEnd(width)}  ${(await storyNamed(name))?.about ?? ""}`,
  );
  return [
    "npm run demo -- [--story=NAME] [--keep]",
    "",
    ...(await Promise.all(stories)),
    `  ${"--keep".padEnd("--story=".length + width)}  leaves everything running at the end, until Ctrl-C`,
  ];
}

function checkGit(): void {
  const { stdout, error } = spawnSync("git", ["--version"], { encoding: "utf8" });
  if (error) throw new Halt(1, "demo: git was not found; install git 2.39 or newer");
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  if (major < 2 || (major === 2 && minor < 39))
    throw new Halt(1, `demo: git 2.39 or newer is needed and this is ${stdout.trim()}`);
}

/** What stands where, for someone who has to find out why. */
function stateOfThings({ github, claude, server }: Scene): string[] {
  const sessions = claude.sessions.map(
    ({ id, status, stop }) => `session ${id}: ${status}${stop ? `, ${stop.type}` : ""}`,
  );
  const failed = github.deliveries.filter(({ statusCode }) => statusCode >= 400);
  return [
    sessions.length > 0 ? sessions.join("; ") : "no session was opened",
    `${github.tokens().length} tokens minted, ${failed.length} deliveries refused`,
    "the end of the server's log:",
    ...server.lines.slice(-logLinesShown).map((line) => `  ${JSON.stringify(line)}`),
  ];
}

async function playStory(story: Story, scene: Scene, teller: Teller): Promise<void> {
  const watch = createChronicle(scene, teller);
  const endsAt = systemClock.now() + storyMsMax;
  const until = waitIn({ scene, clock: systemClock }, { watch, endsAt });
  try {
    await story.play({ scene, teller, clock: systemClock, until });
  } catch (error) {
    if (stopping) throw interrupted;
    watch();
    teller.plain();
    for (const line of stateOfThings(scene)) teller.plain(line);
    throw new Halt(1, `demo: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function keepRunning({ github, claude, server, url }: Scene, teller: Teller): Promise<void> {
  teller.plain();
  teller.plain("Everything is still running:");
  teller.plain(`  the dashboard        ${url}/`);
  teller.plain(`  simulated GitHub     ${github.url}`);
  teller.plain(`  simulated Claude     ${claude.url}`);
  teller.plain("Ctrl-C stops it.");
  const exit = await server.ended();
  if (!stopping) throw new Halt(1, `demo: the server ended by itself: it ${lastWords(exit, server.words())}`);
}

/** The server's own end is part of the demonstration: it leaves no token behind. */
async function stopServer(scene: Scene, teller: Teller): Promise<void> {
  const exit = await scene.stopServer();
  if (exit.code !== 0)
    throw new Halt(1, `demo: the server did not stop well: it ${lastWords(exit, scene.server.words())}`);
  const now = systemClock.now();
  const alive = scene.github.tokens().filter((token) => !token.revokedAt && now < token.expiresAt);
  if (alive.length > 0) throw new Halt(1, `demo: ${alive.length} tokens outlived the server`);
  teller.tell({ who: "Patchwright", text: "stops, status 0; no token is alive" });
}

let stopping = false;
let scene: Scene | undefined;

/** An interrupt takes the server away, and whoever waits for anything sees it go. */
async function stopEarly(): Promise<void> {
  stopping = true;
  await scene?.close();
}

async function main(): Promise<void> {
  const { help: isHelp, story, keep } = await readArguments();
  const teller = createTeller(systemClock);
  if (isHelp) {
    for (const line of await help()) teller.plain(line);
    return;
  }
  checkGit();
  for (const line of story.preface) teller.plain(line);
  teller.plain();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stopEarly());
  scene = await openScene(story);
  try {
    if (stopping) throw interrupted;
    teller.tell({ who: "Patchwright", text: `is ready at ${scene.url}` });
    await playStory(story, scene, teller);
    if (keep) await keepRunning(scene, teller);
    teller.plain();
    if (stopping) teller.plain("Stopped.");
    else await stopServer(scene, teller);
  } finally {
    await scene.close();
  }
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Halt ? error.message : `demo: ${String(error)}`}\n`);
  process.exit(error instanceof Halt ? error.status : 1);
}
