/**
 * S22: secrets that got out. Every story of the demonstration, with `--quick` its first, is played against the real
 * server, which logs all it can; then everything that was written anywhere is searched: its output, the files of its
 * store, what it sent to GitHub and to the Claude platform but for the fields where a token belongs, sessions, comments,
 * metrics, pages.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/clock.ts";
import { openScene, type Scene } from "../../demo/scene.ts";
import { storyNamed, storyNames } from "../../demo/stories.ts";
import { type Story, waitIn } from "../../demo/story.ts";
import type { Teller } from "../../demo/teller.ts";
import { needlesOf, type Sighting, sightings } from "../../hostile/canaries.ts";
import { webhookKey } from "../../sim/variables.ts";
import { type Figure, type Measured, size } from "./figure.ts";

const storyMsMax = 300_000;
const { stories, least } =
  size === "quick" ? { stories: storyNames().slice(0, 1), least: 1 } : { stories: storyNames(), least: 3 };
const nobodyListens: Teller = { tell: () => undefined, plain: () => undefined, diff: () => undefined };
const metricsToken = "metrics-0f1e2d3c4b5a69788796a5b4c3d2e1f0";

interface Searched {
  story: string;
  secrets: number;
  needles: number;
  bytes: number;
  places: number;
  seen: Sighting[];
}

async function search(name: string, story: Story): Promise<Searched> {
  const tokens: string[] = [];
  const environment = { LOG_LEVEL: "trace", METRICS_TOKEN: metricsToken };
  const hear = (token: string) => void tokens.push(token);
  const scene = await openScene({ tokenLifeMs: story.tokenLifeMs, hear, environment });
  try {
    const endsAt = systemClock.now() + storyMsMax;
    const until = waitIn({ scene, clock: systemClock }, { watch: () => undefined, endsAt });
    await story.play({ scene, teller: nobodyListens, clock: systemClock, until });
    const pages = await pagesOf(scene);
    await scene.stopServer();
    const places = { ...pages, ...tracesOf(scene), ...filesOf(scene.dataDir) };
    const needles = needlesOf(secretsOf(scene, tokens));
    return {
      story: name,
      secrets: Object.keys(secretsOf(scene, tokens)).length,
      needles: needles.length,
      bytes: Object.values(places).reduce((sum, { length }) => sum + length, 0),
      places: Object.keys(places).length,
      seen: sightings(places, needles),
    };
  } finally {
    await scene.close();
  }
}

function secretsOf({ github, claude }: Scene, tokens: string[]): Record<string, string> {
  return {
    "the private key": github.app.privateKey,
    "the webhook secret": github.app.webhookSecret,
    "the Claude key": claude.apiKey,
    "the Claude webhooks' key": webhookKey.slice("whsec_".length),
    "the metrics' token": metricsToken,
    ...Object.fromEntries(tokens.map((token, at) => [`token ${at + 1}`, token])),
  };
}

async function pagesOf({ url, github }: Scene): Promise<Record<string, string>> {
  const get = async (path: string) => (await fetch(`${url}${path}`)).text();
  const list = await get("/");
  const runs = [...new Set(list.match(/run_\w{20}/g) ?? [])];
  const pages = await Promise.all(["/metrics", "/readyz", ...runs.map((run) => `/runs/${run}`)].map(get));
  const shown = github.deliveries.map(({ event, payload }) => [event, payload]);
  return {
    "the dashboard's list": list,
    "metrics and pages": pages.join("\n"),
    "what GitHub tells": bare(shown),
  };
}

/** What both simulators and the server's output hold. */
function tracesOf({ github, claude, server }: Scene): Record<string, string> {
  return {
    "standard output": bare(server.lines),
    "standard error": server.words(),
    "requests to GitHub": bare(
      github.log.map(({ path, query, requestBody, responseBody }) => [
        path,
        query,
        requestBody,
        responseBody,
      ]),
    ),
    "requests to the Claude platform": bare(claude.log.map(({ path, requestBody }) => [path, requestBody])),
    sessions: bare(claude.sessions.map(({ log, metadata, title }) => [log, metadata, title])),
  };
}

/** Files of the store, byte for byte. */
function filesOf(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    names.map((name) => [name.slice(directory.length), readFileSync(name, "latin1")]),
  );
}

function bare(value: unknown): string {
  return JSON.stringify(value);
}

async function measure(): Promise<Measured> {
  const searched: Searched[] = [];
  for (const name of stories) {
    const story = await storyNamed(name);
    if (story) searched.push(await search(name, story));
  }
  const words = searched.map(
    ({ story, secrets, needles, bytes, places, seen }) =>
      `${story}: ${seen.length} sightings of ${secrets} secrets (${needles} forms of parts of them) in ${places} places, ${(bytes / 1_048_576).toFixed(1)} MiB${seen.map(({ place, secret, form }) => `\n       ${secret} in ${place}, ${form}`).join("")}`,
  );
  const isClean = searched.every(({ seen, bytes, secrets }) => seen.length === 0 && bytes > 0 && secrets > 5);
  return { words: words.join("\n     "), met: isClean && searched.length >= least };
}

/** Secrets that got out. */
export const secretsOut: Figure = {
  id: "S22",
  what: "secrets in output, store, requests, comments, metrics (raw, in parts, turned around, base64, hex, percent-encoded)",
  target: "0",
  measure,
};
