/**
 * The container without a container engine: the Dockerfile is parsed, each of its steps is carried out in a
 * folder of its own, and the service is started from exactly the files and the environment that the image would
 * have, between the two simulators. `npm run test:container`; installing needs the package registry.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Copy, DockerfileParser, type Instruction } from "dockerfile-ast";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, environmentOf, projectDir, startServer } from "../process.ts";
import { startClaude } from "../sim/claude/claude.ts";
import { startGitHub } from "../sim/github/github.ts";

const text = readFileSync(join(projectDir, "Dockerfile"), "utf8");
const ignore = readFileSync(join(projectDir, ".dockerignore"), "utf8").split("\n");
const instructions = DockerfileParser.parse(text).getInstructions();
const word = (one: Instruction) => one.getKeyword();
const said = (one: Instruction) => one.getRawArgumentsContent() ?? "";

const build = mkdtempSync(join(tmpdir(), "patchwright-image-"));
afterAll(() => rmSync(build, { recursive: true }), 300_000);

/** What one stage holds, as far as it is not the base's. */
interface Stage {
  root: string;
  environment: Record<string, string>;
  workdir: string;
  user?: string;
}

const stages = new Map<string, Stage>();
let image: Stage;

function carryOut(instruction: Instruction): void {
  if (instruction instanceof Copy) {
    copy(instruction);
    return;
  }
  switch (word(instruction)) {
    case "FROM": {
      const name = /\bAS (\S+)$/i.exec(said(instruction))?.[1] ?? "the image";
      const root = join(build, name.replaceAll(" ", "-"));
      mkdirSync(root);
      image = { root, environment: {}, workdir: "/" };
      stages.set(name, image);
      return;
    }
    case "ENV":
      for (const [, name = "", value = ""] of said(instruction).matchAll(/(\w+)=(\S+)/g))
        image.environment[name] = value;
      return;
    case "WORKDIR":
      image.workdir = said(instruction);
      mkdirSync(join(image.root, image.workdir), { recursive: true });
      return;
    case "RUN":
      run(said(instruction));
      return;
    case "USER":
      image.user = said(instruction);
      return;
    default:
      return;
  }
}

function copy(instruction: Copy): void {
  const from = instruction.getFromFlag()?.getValue();
  const [target = "", ...sources] = said(instruction).split(/\s+/).toReversed();
  const source = from ? (stages.get(from)?.root ?? "") : projectDir;
  for (const name of sources) {
    // The context holds only what .dockerignore lets in.
    if (!from) expect(ignore).toContain(`!${name}`);
    const whole = target === "./" ? join(target, name.split("/").at(-1) ?? "") : target;
    cpSync(join(source, name), join(image.root, image.workdir, whole), { recursive: true });
  }
}

/** One step, with the image's folders and owner in place of the real ones. */
function run(command: string): void {
  // The owner is whoever runs this: nobody else need be able to look into the folder.
  const own = `${process.getuid?.()}:${process.getgid?.()}`;
  const here = command.replaceAll(/(?<=\s)\/data\b/g, join(image.root, "data")).replaceAll("1000:1000", own);
  execFileSync("sh", ["-ec", here], {
    cwd: join(image.root, image.workdir),
    // What this machine knows of its registry comes along.
    env: { ...process.env, ...image.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

describe.skipIf(!process.env["TEST_IMAGE"])("the image", () => {
  beforeAll(() => {
    for (const instruction of instructions) carryOut(instruction);
  }, 300_000);

  test("the Dockerfile parses, builds on an argument's base, and ends as somebody who is not root", () => {
    const words = new Set(instructions.map(word));
    const known = ["ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"];
    expect([...words].filter((one) => ![...known, "HEALTHCHECK", "CMD"].includes(one))).toEqual([]);
    const bases = instructions.filter((one) => word(one) === "FROM").map(said);
    // Nothing but the argument names a base, so that a release decides it by digest.
    expect(bases.map((base) => base.split(" ")[0])).toEqual(bases.map(() => ["$", "{BASE}"].join("")));
    expect(image.user).toBe("1000:1000");
  });

  test("the image holds the service, its packages without those for development, and their bill", () => {
    const app = join(image.root, "app");
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(app, "package.json"), "utf8"));
    const has = (name: string) => existsSync(join(app, "node_modules", name));
    expect(Object.keys(dependencies).filter((name) => !has(name))).toEqual([]);
    expect(["vitest", "typescript", "@biomejs/biome"].filter(has)).toEqual([]);
    expect("vitest" in devDependencies).toBe(true);
    expect(["test", ".git", ".env", "README.md"].filter((name) => existsSync(join(app, name)))).toEqual([]);
    const bill = JSON.parse(readFileSync(join(app, "sbom.json"), "utf8"));
    expect(bill.bomFormat).toBe("CycloneDX");
    const billed = bill.components.map(({ group, name }: { group?: string; name: string }) =>
      group ? `${group}/${name}` : name,
    );
    expect(billed).toEqual(expect.arrayContaining(Object.keys(dependencies)));
  });

  test("it starts from these files, is healthy, writes to its volume alone, and stops when told", async () => {
    const [github, claude] = [await startGitHub(), await startClaude({})];
    const { root, environment } = image;
    const [app, dataDir] = [join(root, "app"), join(root, "data")];
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    const before = listing(app);
    const variables = { ...environment, ...environmentOf({ github, claude, dataDir }), HOST: "127.0.0.1" };
    const server = startServer(variables, { directory: app });
    const url = await server.ready();
    connect({ github, claude }, url);
    const check = instructions.find((one) => word(one) === "HEALTHCHECK");
    const [, probe = ""] = /CMD\s+(\[.*\])\s*$/s.exec(said(check as Instruction)) ?? [];
    const [, ...parts] = JSON.parse(probe) as string[];
    execFileSync(process.execPath, parts, { env: { PORT: new URL(url).port } });
    expect(() => execFileSync(process.execPath, parts, { env: { PORT: "9" }, stdio: "ignore" })).toThrow();
    expect(await server.end("SIGTERM")).toMatchObject({ code: 0 });
    expect(listing(app)).toEqual(before);
    await Promise.all([github.stop(), claude.stop()]);
  });
});

/** Every file below a folder with its size and time of change. */
function listing(folder: string): string {
  return execFileSync("find", [folder, "-type", "f", "-printf", "%p %s %T@\\n"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
}
