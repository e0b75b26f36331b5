/** What the doctor says of an agent and an environment that the operator gave instead of our own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { claudeClient } from "../../src/agent/claude.ts";
import { systemClock } from "../../src/clock.ts";
import { readConfig } from "../../src/config.ts";
import { Secret } from "../../src/domain/secret.ts";
import { examineFromOutside } from "../../src/doors/examining.ts";
import { type ClaudeSim, startClaude } from "../sim/claude/claude.ts";
import { type GitHubSim, startGitHub } from "../sim/github/github.ts";
import { settingsOn } from "./service.ts";

let github: GitHubSim;
let claude: ClaudeSim;
let dataDir: string;
beforeAll(async () => {
  github = await startGitHub();
  claude = await startClaude({ gitHosts: [github.host] });
  dataDir = mkdtempSync(join(tmpdir(), "patchwright-given-"));
});
afterAll(async () => {
  await Promise.all([github.stop(), claude.stop()]);
  rmSync(dataDir, { recursive: true });
});

async function found(given: Record<string, string>) {
  const config = readConfig({ ...settingsOn(github, claude), DATA_DIR: dataDir, PORT: "9", ...given });
  const findings = await examineFromOutside(config, { clock: systemClock });
  return findings.filter(({ what }) => what === "Claude key" || what === "agent and environment");
}

const client = () =>
  claudeClient({ config: { apiKey: new Secret(claude.apiKey), baseUrl: claude.url }, fetch }).beta;

test.each([
  ["PATCHWRIGHT_AGENT_ID", "agent_01SIM00000000000000000099"],
  ["PATCHWRIGHT_ENVIRONMENT_ID", "env_01SIM00000000000000000099"],
])("a %s that the platform does not have", async (name, id) => {
  const [key, given] = await found({ [name]: id });
  expect(key?.grade).toBe("pass");
  expect(given).toMatchObject({ grade: "fail", found: expect.stringContaining(`${name} names ${id}`) });
  expect(given?.todo).toContain("change the variable");
});

test("both are there; then they are archived, and no start would make them so again", async () => {
  const agent = await client().agents.create({ name: "ours", model: "claude-opus-4-8" });
  const environment = await client().environments.create({ name: "ours" });
  const given = { PATCHWRIGHT_AGENT_ID: agent.id, PATCHWRIGHT_ENVIRONMENT_ID: environment.id };
  expect((await found(given)).map(({ grade }) => grade)).toEqual(["pass", "pass"]);
  await client().agents.archive(agent.id);
  await client().environments.archive(environment.id);
  const [, archived] = await found(given);
  const both = `PATCHWRIGHT_AGENT_ID names ${agent.id} and PATCHWRIGHT_ENVIRONMENT_ID names ${environment.id}, `;
  expect(archived).toMatchObject({ grade: "fail", found: expect.stringContaining(both) });
});
