/**
 * Puts the stand-in for git under the simulators: import this before them. Only the simulators' own imports
 * of `node:child_process` are led here; nothing of the service is.
 */
import { registerHooks } from "node:module";

const processes = new URL("./processes.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "node:child_process" && /\/test\/sim\//.test(context.parentURL ?? "")
      ? { url: processes, format: "module-typescript", shortCircuit: true }
      : next(specifier, context),
});
