/**
 * Logs: JSON lines on standard output with fixed fields (`delivery_id`, `run_id`, `installation_id`,
 * `session_id`). Never a payload, never a token: errors are reduced to what a stranger may read, because
 * the libraries beneath us attach whole requests and deliveries to theirs.
 */
import { type DestinationStream, type Logger, pino } from "pino";
import type { Clock } from "./clock.ts";
import { Problem } from "./domain/errors.ts";
import { redact } from "./domain/secret.ts";

export type { Logger } from "pino";

/** A logger at a pino level; `sink` takes the lines elsewhere (tests). */
export function createLogger(level: string, sink?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: plainError, error: plainError, req: nothing, res: nothing, event: nothing },
    hooks: { logMethod: redacted },
  };
  return sink ? pino(options, sink) : pino(options);
}

/** Writes a warning, but not often. */
export type Seldom = (facts: Record<string, unknown>, text: string) => void;

/** Warnings at most once in `everyMs`, each with how many were left out before it. */
export function seldom(log: Logger, clock: Clock, everyMs: number): Seldom {
  let quietUntil = 0;
  let leftOut = 0;
  return (facts, text) => {
    if (clock.now() < quietUntil) {
      leftOut += 1;
      return;
    }
    log.warn({ ...facts, left_out: leftOut }, text);
    quietUntil = clock.now() + everyMs;
    leftOut = 0;
  };
}

function nothing(): undefined {
  return undefined;
}

/** Depth of causes that is followed. */
const causesMax = 3;

/** An error without what libraries hang on it: name, code, redacted message, a short stack, its causes. */
export function plainError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return redact(String(error));
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return {
    type: error.name,
    message: redact(error.message),
    ...(error instanceof Problem ? { kind: error.kind, code: error.code } : {}),
    ...(error instanceof Problem
      ? {}
      : {
          stack: redact(error.stack ?? "")
            .split("\n")
            .slice(1, 8)
            .join("\n"),
        }),
    ...(inner === undefined || depth >= causesMax ? {} : { cause: plainError(inner, depth + 1) }),
  };
}

function redacted(this: Logger, args: Parameters<Logger["info"]>, method: Logger["info"]): void {
  const [first, ...rest] = args.map((arg: unknown) => {
    if (typeof arg === "string") return redact(arg);
    return arg instanceof Error ? { err: arg } : arg;
  });
  method.apply(this, [first, ...rest] as Parameters<Logger["info"]>);
}
