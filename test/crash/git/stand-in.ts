/**
 * Puts the stand-in for git under the simulators: import this before them. Only the simulators' own imports
 * of `program.ts` are led here.
 */
import { registerHooks } from "node:module";

const program = new URL("./program.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "../program.ts" && /\/test\/sim\//.test(context.parentURL ?? "")
      ? { url: program, format: "module-typescript", shortCircuit: true }
      : next(specifier, context),
});
