/**
 * Docker's and kubectl's commands of the manual, read as strictly as those tools read them, where no container engine
 * is: an option that they do not have, or a name, a file or a port that the project does not, throws. The options are
 * those of Docker's and Kubernetes' own command-line references which the manual may use. Where the tools are
 * installed, they read the command as well, and do nothing.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { DockerfileParser } from "dockerfile-ast";
import { parse, parseAllDocuments } from "yaml";
import { projectDir } from "./process.ts";

const read = (name: string) => readFileSync(join(projectDir, name), "utf8");
const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const flag = { type: "boolean" } as const;

interface Given {
  options: Record<string, string | boolean | (string | boolean)[] | undefined>;
  rest: string[];
  /** What stands before `--`; all where it is missing. */
  named: string[];
}

interface Form {
  options: NonNullable<ParseArgsConfig["options"]>;
  /** What the tool's command ends its own options with: everything after that word is another program's. */
  endsAt?: number;
  check: (given: Given) => void;
}

/** What is handed out for Kubernetes. */
const manifests = "deploy/kubernetes.yaml";
/** The image that the manual builds: `docker run` has no other. */
const image = "patchwright";

const forms: Record<string, Form> = {
  "docker build": {
    options: { tag: { ...text, short: "t" }, "build-arg": texts, file: { ...text, short: "f" } },
    check: ({ options, rest }) => {
      same(options["tag"], image);
      same(rest, ["."]);
      for (const one of many(options["file"])) among(["Dockerfile"], one);
      for (const one of many(options["build-arg"])) among(buildArguments(), one.split("=")[0]);
    },
  },
  "docker run": {
    options: {
      "env-file": texts,
      volume: { ...texts, short: "v" },
      publish: { ...texts, short: "p" },
      "read-only": flag,
      tmpfs: texts,
      rm: flag,
      detach: { ...flag, short: "d" },
    },
    endsAt: 1,
    check: ({ options, rest }) => {
      same(rest, [image]);
      for (const one of many(options["env-file"])) among([".env"], one);
      for (const one of many(options["tmpfs"])) among(["/tmp", ...dockerfile("VOLUME")], one.split(":")[0]);
      for (const one of many(options["volume"])) among(dockerfile("VOLUME"), one.split(":")[1]);
      for (const one of many(options["publish"])) among(dockerfile("EXPOSE"), one.split(":").at(-1));
    },
  },
  "docker compose up": {
    options: { build: flag, detach: { ...flag, short: "d" } },
    check: ({ rest }) => rest.forEach((one) => void among(Object.keys(services()), one)),
  },
  "docker compose exec": {
    options: { "no-tty": { ...flag, short: "T" } },
    endsAt: 1,
    check: ({ rest: [service, ...command] }) => {
      // The others are not of this image.
      const own = Object.entries(services()).filter(([, { build }]) => build === ".");
      among(
        own.map(([name]) => name),
        service,
      );
      inImage(command);
    },
  },
  // Nothing in the file names a namespace: neither do the commands.
  "kubectl create secret generic": {
    options: { "from-env-file": texts },
    check: ({ options, rest }) => {
      same(rest, [deployment().spec.template.spec.containers[0].envFrom[0].secretRef.name]);
      same(options["from-env-file"], [".env"]);
    },
  },
  "kubectl apply": {
    options: { filename: { ...texts, short: "f" } },
    check: ({ options, rest }) => {
      same(rest, []);
      same(options["filename"], [manifests]);
    },
  },
  "kubectl exec": {
    options: { container: { ...text, short: "c" } },
    check: ({ options, rest: [target, ...command], named }) => {
      const { metadata, spec } = deployment();
      among([`deploy/${metadata.name}`], target);
      // Without `--` kubectl refuses it.
      same(named, [target]);
      const containers = spec.template.spec.containers.map(({ name }: { name: string }) => name);
      for (const one of many(options["container"])) among(containers, one);
      inImage(command);
    },
  },
};

const nameOf = (command: string) => Object.keys(forms).find((each) => command.startsWith(`${each} `));

/** Checks one command. Throws what is wrong with it. */
export function checkEngineCommand(command: string): void {
  const name = nameOf(command);
  const form = name === undefined ? undefined : forms[name];
  if (!name || !form) throw none(command);
  const words = command.slice(name.length + 1).split(/\s+/);
  const { options, endsAt } = form;
  const { tokens } = parseArgs({ args: words, options, tokens: true, allowPositionals: true, strict: false });
  const positionals = tokens.filter(({ kind }) => kind === "positional");
  const own = endsAt === undefined ? undefined : positionals[endsAt - 1]?.index;
  const [before, after] = own === undefined ? [words, []] : [words.slice(0, own + 1), words.slice(own + 1)];
  const parsed = parseArgs({ args: before, options, allowPositionals: true, tokens: true });
  const end = parsed.tokens.find(({ kind }) => kind === "option-terminator")?.index ?? before.length;
  const named = parsed.tokens.flatMap((one) =>
    one.kind === "positional" && one.index < end ? one.value : [],
  );
  form.check({ options: parsed.values, rest: [...parsed.positionals, ...after], named });
}

/** Is the tool on this machine, with its part for this command? */
export function hasTool(command: string): boolean {
  const [tool = "", ...part] = command.startsWith("docker compose ")
    ? ["docker", "compose", "version"]
    : [command.split(" ")[0] ?? "", "--help"];
  return spawnSync(tool, part, { stdio: "ignore" }).status === 0;
}

/** Lets the tool itself read one command: asked how it is used, it does nothing else. Throws what it says. */
export function readByTool(command: string): void {
  const name = nameOf(command) ?? "";
  const [tool = "", ...verbs] = name.split(" ");
  const words = command.slice(name.length + 1).split(/\s+/);
  execFileSync(tool, [...verbs, "--help", ...words], { cwd: projectDir, stdio: "pipe" });
}

/** What a build can be told. */
export function buildArguments(): string[] {
  return dockerfile("ARG").flatMap((line) => line.split("=")[0] ?? []);
}

/** The image starts the same programs by the same names: its files are started by a test of their own. */
function inImage(command: string[]): void {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  same(command.slice(0, 3).join(" "), scripts[command[2] ?? ""]);
}

function dockerfile(keyword: string): string[] {
  const all = DockerfileParser.parse(read("Dockerfile")).getInstructions();
  return all.filter((one) => one.getKeyword() === keyword).map((one) => one.getRawArgumentsContent() ?? "");
}

function services(): Record<string, { build?: string }> {
  return (parse(read("compose.yaml")) as { services: Record<string, { build?: string }> }).services;
}

function deployment() {
  const all = parseAllDocuments(read(manifests)).map((one) => one.toJS());
  return all.find(({ kind }) => kind === "Deployment");
}

function many(value: Given["options"][string]): string[] {
  return [value ?? []].flat().map(String);
}

function same(given: unknown, wanted: unknown): void {
  if (JSON.stringify(given) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(given)} is not ${JSON.stringify(wanted)}`);
}

function among(known: (string | undefined)[], one: string | undefined): void {
  if (one === undefined || !known.includes(one)) throw none(one);
}

function none(one: string | undefined): Error {
  return new Error(`there is no ${one}`);
}
