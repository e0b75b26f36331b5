/**
 * Docker's and kubectl's commands of the manual, read as strictly as those tools read them, where no container engine
 * is: an option that they do not have, or a name, a file or a port that the project does not, throws. The options are
 * those of Docker's and Kubernetes' own command-line references.
 */
import { existsSync, readFileSync } from "node:fs";
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
}

interface Form {
  options: NonNullable<ParseArgsConfig["options"]>;
  /** What the tool's command ends its own options with: everything after that word is another program's. */
  endsAt?: number;
  check: (given: Given) => void;
}

/** The image that the manual builds: `docker run` has no other. */
const image = "patchwright";

const forms: Record<string, Form> = {
  "docker build": {
    options: { tag: { ...text, short: "t" }, "build-arg": texts, file: { ...text, short: "f" } },
    check: ({ options, rest }) => {
      same(options["tag"], image);
      same(rest, ["."]);
      const known = dockerfile("ARG").map((line) => line.split("=")[0]);
      for (const one of [options["build-arg"] ?? []].flat()) among(known, String(one).split("=")[0]);
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
      for (const one of many(options["volume"])) among(dockerfile("VOLUME"), one.split(":")[1]);
      for (const one of many(options["publish"])) among(dockerfile("EXPOSE"), one.split(":").at(-1));
    },
  },
  "docker compose up": {
    options: { build: flag, detach: { ...flag, short: "d" } },
    check: ({ rest }) => rest.forEach((one) => void among(services(), one)),
  },
  "docker compose exec": {
    options: { index: text, "no-tty": { ...flag, short: "T" }, user: { ...text, short: "u" } },
    endsAt: 1,
    check: ({ rest: [service, ...command] }) => {
      among(services(), service);
      inImage(command);
    },
  },
  "kubectl create secret generic": {
    options: { "from-env-file": texts, "from-file": texts, "from-literal": texts, namespace: text },
    check: ({ options, rest }) => {
      same(rest, [deployment().spec.template.spec.containers[0].envFrom[0].secretRef.name]);
      for (const one of many(options["from-env-file"])) among([".env"], one);
    },
  },
  "kubectl apply": {
    options: { filename: { ...texts, short: "f" }, namespace: text },
    check: ({ options, rest }) => {
      same(rest, []);
      for (const one of many(options["filename"])) if (!existsSync(join(projectDir, one))) throw none(one);
    },
  },
  "kubectl exec": {
    options: { container: { ...text, short: "c" }, namespace: text },
    check: ({ rest: [target, ...command] }) => {
      among([`deploy/${deployment().metadata.name}`], target);
      inImage(command);
    },
  },
};

/** Checks one command. Throws what is wrong with it. */
export function checkEngineCommand(command: string): void {
  const name = Object.keys(forms).find((each) => command.startsWith(`${each} `));
  const form = name === undefined ? undefined : forms[name];
  if (!name || !form) throw none(command);
  const words = command.slice(name.length + 1).split(/\s+/);
  const { options, endsAt } = form;
  const { tokens } = parseArgs({ args: words, options, tokens: true, allowPositionals: true, strict: false });
  const positionals = tokens.filter(({ kind }) => kind === "positional");
  const own = endsAt === undefined ? undefined : positionals[endsAt - 1]?.index;
  const [before, after] = own === undefined ? [words, []] : [words.slice(0, own + 1), words.slice(own + 1)];
  const { values, positionals: rest } = parseArgs({ args: before, options, allowPositionals: true });
  form.check({ options: values, rest: [...rest, ...after] });
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

function services(): string[] {
  return Object.keys((parse(read("compose.yaml")) as { services: object }).services);
}

function deployment() {
  const all = parseAllDocuments(read("deploy/kubernetes.yaml")).map((one) => one.toJS());
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
