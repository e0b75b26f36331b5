/**
 * Every command that the manual tells people to type is proven: it is run here, or `.ci/run` runs it, or the
 * test that carries out what it stands for is named. A command without a proof fails.
 */
import { execFile, execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import { readConfig } from "../src/config.ts";
import { openStore } from "../src/store/database.ts";
import { buildArguments, checkEngineCommand, hasTool, readByTool } from "./engine-command.ts";
import { projectDir } from "./process.ts";
import { startClaude } from "./sim/claude/claude.ts";
import { startGitHub } from "./sim/github/github.ts";
import { variables } from "./sim/variables.ts";

const manuals = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "compose.yaml", "deploy/kubernetes.yaml"];
const read = (name: string) => readFileSync(join(projectDir, name), "utf8");
const folder = mkdtempSync(join(tmpdir(), "patchwright-manual-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What one line of shell runs, one command each, without its remark. */
function commandsIn(line: string): string[] {
  return line
    .replace(/\s+#.*$/, "")
    .split(" && ")
    .map((command) => command.trim())
    .filter((command) => command !== "");
}

/** Commands of a manual: the lines of its shell blocks, and what its sentences name. */
function commandsOf(name: string): string[] {
  if (!existsSync(join(projectDir, name))) return [];
  const text = read(name);
  const blocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const named = [...text.matchAll(/`((?:npm|npx|openssl|base64|docker|kubectl) [^`\n]+)`/g)];
  const remarks = [...text.matchAll(/^#.*?((?:docker|kubectl) .*)$/gm)];
  return [...blocks, ...[...named, ...remarks].map(([, command = ""]) => command)].flatMap(commandsIn);
}

/** Runs a command in a folder of its own, as a shell would; its output. */
function shell(command: string, environment: Record<string, string> = {}): string {
  return execFileSync("sh", ["-ec", command], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
}

const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
  type: "pkcs1",
  format: "pem",
});
const needed = { APP_ID: "1", PRIVATE_KEY: privateKey.toString(), ANTHROPIC_API_KEY: "sk-ant-none" };
const ci = () => read(".ci/run");
/** `.ci/run` runs the script, on a clean machine; with these arguments where they are given. */
const byCi =
  (script: string, given = "") =>
  () =>
    expect(ci()).toMatch(new RegExp(`npm (run )?(--silent )?${script}${given}(?![\\w:-])`));
/** The script is run by its name, beside a service's store and the two simulators, and says so much. */
const byNpm = (script: string[], words: RegExp) => async () => {
  const github = await startGitHub();
  const claude = await startClaude({ gitHosts: [github.host] });
  const dataDir = mkdtempSync(join(folder, "data-"));
  try {
    github.addOrganization("acme");
    await github.addRepository({ owner: "acme", name: "shop" });
    github.install("acme");
    await (await openStore({ kind: "embedded", dataDir, clock: systemClock })).close();
    const env = { PATH: process.env["PATH"], ...variables(github, claude), DATA_DIR: dataDir };
    const run = promisify(execFile)("npm", ["run", "--silent", ...script], { cwd: projectDir, env });
    // A doctor who finds something says so by its status as well.
    const { stdout } = await run.catch((failed: { stdout: string }) => failed);
    expect(stdout).toMatch(words);
  } finally {
    await claude.stop();
    await github.stop();
  }
};
/** A test carries out what the command stands for. */
const byTest = (name: string, words: string) => () => expect(read(name)).toContain(words);

/** How each command is proven, by how it begins; the first that fits. */
const proofs: [begins: string, proof: (command: string) => unknown][] = [
  ["npm ci --omit=dev", byTest("test/browser/first-walk.test.ts", '"npm ci --omit=dev"')],
  ["npm ci", byCi("ci")],
  ["npm test", byCi("test")],
  ["npm start", byTest("test/browser/first-walk.test.ts", 'spawn("npm", ["start"]')],
  ["npm run check", byCi("check")],
  ["npm run demo", byCi("demo")],
  ["npm run doctor -- OWNER/REPO", byNpm(["doctor", "--", "acme/shop"], /acme\/shop/)],
  ["npm run doctor", byNpm(["doctor"], /secrets.*\n(.*\n)*.*Claude/)],
  ["npm run labels", byNpm(["labels", "--", "acme"], /acme\/shop: created agent/)],
  ["npm run --silent settings:schema", byNpm(["settings:schema"], /^\{\n(.*\n)*.*"properties"/)],
  ["npm run pause", byNpm(["pause", "--", "acme"], /^acme is paused/)],
  ["npm run resume", byNpm(["resume", "--", "acme"], /^acme was not paused/)],
  ["npm run test:browser", byCi("test:browser")],
  ["npm run test:postgres", byCi("test:postgres")],
  ["npm run test:container", byCi("test:container")],
  ["npm run test:crash", byCi("test:crash", " -- --sample")],
  ["npm run bench:limits", byCi("bench:limits", " -- --quick")],
  ["npm run bench", byCi("bench", " -- --quick")],
  [
    "openssl rand -hex 32",
    () => {
      const secret = shell("openssl rand -hex 32").trim();
      expect(readConfig({ ...needed, WEBHOOK_SECRET: secret }).app.webhookSecrets).toHaveLength(1);
    },
  ],
  [
    "openssl rand -base64 32",
    () => {
      const keys = `${shell("openssl rand -base64 32").trim()},${shell("openssl rand -base64 32").trim()}`;
      const given = { ...needed, WEBHOOK_SECRET: "0123456789abcdef", PATCHWRIGHT_SEAL_KEY: keys };
      expect(readConfig(given).sealKeys).toHaveLength(2);
    },
  ],
  [
    "base64 -w0 app.pem",
    () => {
      writeFileSync(join(folder, "app.pem"), privateKey);
      const line = shell("base64 -w0 app.pem");
      expect(line).not.toContain("\n");
      readConfig({ ...needed, PRIVATE_KEY: line, WEBHOOK_SECRET: "0123456789abcdef" });
    },
  ],
  [
    "set -a; . ./.env; set +a",
    () => {
      const filled = read(".env.example").replace("APP_ID=", "APP_ID=7");
      writeFileSync(join(folder, ".env"), filled);
      expect(shell("set -a; . ./.env; set +a; env")).toMatch(/^APP_ID=7$/m);
    },
  ],
  ['npx node -e \'const s = require("node:sqlite")', backUp],
  ["docker", checkEngineCommand],
  ["kubectl", checkEngineCommand],
];

/** A backup taken while the store is open holds what was written, and opens as a store. */
async function backUp(): Promise<void> {
  const command = commandsOf("README.md").find((one) => one.startsWith("npx node -e"));
  mkdirSync(join(folder, "data"));
  const store = await openStore({ kind: "embedded", dataDir: join(folder, "data"), clock: systemClock });
  const memo = { name: "backed up", value: "1" };
  await store.db.insertInto("memos").values(memo).execute();
  // `npx` finds the project's own Node from within the project; here it is named.
  shell((command ?? "").replace("npx node", `"${process.execPath}"`));
  await store.close();
  const backup = new DatabaseSync(join(folder, "backup.db"));
  expect(backup.prepare("select name, value from memos where name = 'backed up'").get()).toEqual(memo);
  backup.close();
}

const commands = [...new Set(manuals.flatMap(commandsOf))];

test("the manual has commands", () => {
  expect(commands.length).toBeGreaterThan(12);
});

test.each([
  "docker run --env-files .env patchwright",
  "docker run --env-file .env -v patchwright:/date patchwright",
  "docker run --env-file .env patchright",
  "docker compose exec patchright node src/start.js doctor",
  "docker compose exec patchwright node src/start.js docter",
  "kubectl apply --filename deploy/kubernets.yaml",
  "kubectl exec deploy/patchwright --context -- node src/start.js pause OWNER",
  "kubectl create secret generic patchright --from-env-file .env",
  "docker build -t patchwright .. ",
  "docker build --file Dockerfil -t patchwright .",
  "docker build --build-arg BASIS=node -t patchwright .",
  "docker run --env-file .env --tmpfs tmp patchwright",
  "docker compose exec postgres node src/start.js doctor",
  "docker compose exec --index many patchwright node src/start.js doctor",
  "kubectl apply --namespace patchwright",
  "kubectl apply --filename README.md",
  "kubectl apply --namespace other --filename deploy/kubernetes.yaml",
  "kubectl exec deploy/patchwright node src/start.js pause OWNER",
  "kubectl exec --container patchright deploy/patchwright -- node src/start.js pause OWNER",
  "kubectl create secret generic patchwright --from-literal nothing",
  "kubectl create secret generic patchwright --namespace other",
])("a wrong command does not pass: %s", (command) => {
  expect(() => checkEngineCommand(command)).toThrow();
});

test("a build is told only what it can be told", () => {
  const told = [...`${read("README.md")}${read("Dockerfile")}`.matchAll(/--build-arg (\w+)=/g)];
  expect(told.length).toBeGreaterThan(1);
  for (const [, name] of told) expect(buildArguments()).toContain(name);
});

test.for(commands.filter((one) => /^(docker|kubectl) /.test(one)))(
  "where its tool is installed, the tool reads it too: %s",
  (command, { skip }) => {
    if (!hasTool(command)) skip("the tool is not installed");
    readByTool(command);
  },
);

test.for(["docker run --env-files .env patchwright", "kubectl apply --filenames deploy/kubernetes.yaml"])(
  "nor does a tool let a wrong one pass: %s",
  (command, { skip }) => {
    if (!hasTool(command)) skip("the tool is not installed");
    expect(() => readByTool(command)).toThrow("unknown flag");
  },
);

test.each(commands)("%s", async (command) => {
  const proof = proofs.find(([begins]) => command.startsWith(begins));
  expect(proof?.[0], "a command of the manual without a proof").toBeDefined();
  await proof?.[1](command);
});
