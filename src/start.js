/**
 * `npm start` begins here, in plain JavaScript: an older Node cannot read the rest and should say so.
 */
import module from "node:module";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 11)) {
  process.stderr.write(
    `Patchwright needs Node 24.11 or newer and this is ${process.versions.node}: use \`npm start\` after \`npm ci\`, which brings one.\n`,
  );
  process.exit(2);
}
// Compiled code is kept beside what it was compiled from, where nobody can plant any who could not change that:
// the next start takes half the time. Where it cannot be written, it is not kept.
module.enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url)));
const verb = process.argv[2];
if (verb === "pause" || verb === "resume") {
  const { pauseOrResume } = await import("./doors/pausing.ts");
  const { words, status } = await pauseOrResume(process.env, process.argv.slice(2));
  (status === 0 ? process.stdout : process.stderr).write(words);
  process.exitCode = status;
} else if (verb === "labels" || verb === "settings:schema") {
  const { runErrand } = await import("./doors/from-outside.ts");
  const { words, status } = await runErrand(process.env, process.argv.slice(2));
  (status === 0 ? process.stdout : process.stderr).write(words);
  process.exitCode = status;
} else if (verb === "doctor") {
  const { examineBeside } = await import("./doors/examining.ts");
  const { words, to, status } = await examineBeside(process.env, process.argv[3]);
  process[to].write(words);
  process.exitCode = status;
} else {
  const { main } = await import("./main.ts");
  await main(process.env);
}
module.flushCompileCache();
