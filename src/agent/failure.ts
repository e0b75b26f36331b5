/**
 * The Claude platform's statuses, translated into the four kinds of trouble. Nobody else reads them.
 */
import { APIConnectionError, APIError } from "@anthropic-ai/sdk";
import { Problem } from "../domain/errors.ts";
import { redact } from "../domain/secret.ts";

const saidCharactersMax = 300;
/** A session whose agent has just called a tool takes no message before the call is answered. */
const awaitsAnswer = /waiting on responses/i;
const awaitsAnswerCode = "claude_awaits_answer";

/** The problem behind an error of the SDK's. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof APIConnectionError || !(error instanceof APIError) || error.status === undefined) {
    return new Problem("later", "claude_unreachable", "The Claude platform could not be reached.", {
      cause: error,
    });
  }
  const said = redact(error.apiMessage ?? error.message).slice(0, saidCharactersMax);
  if (error.status === 400 && awaitsAnswer.test(said)) {
    // Without a time of ours, so that the engine waits longer each time.
    return new Problem("later", awaitsAnswerCode, "The session waits for the answer to a tool call.", {
      undone: true,
      cause: error,
    });
  }
  switch (error.status) {
    case 400:
    case 409:
    case 413:
    case 422:
      return new Problem(
        "fault",
        `claude_${error.status}`,
        `The Claude platform refused the request: ${said}`,
        {
          cause: error,
        },
      );
    case 401:
    case 403:
      return new Problem(
        "refused",
        "claude_credentials",
        "The Claude platform does not accept this service's API key. Its operator can replace ANTHROPIC_API_KEY.",
        { cause: error },
      );
    case 402:
      return new Problem(
        "refused",
        "claude_billing",
        "The Claude platform reports a billing problem. The operator of this service can settle it.",
        { cause: error },
      );
    case 404:
      return new Problem("gone", "claude_gone", `The Claude platform has no such thing (any more): ${said}`, {
        cause: error,
      });
    case 429:
      return limited(error);
    default:
      return new Problem("later", "claude_unwell", `The Claude platform answered ${error.status}.`, {
        ...retryAfter(error),
        cause: error,
      });
  }
}

/** Does the session take no message, because its agent waits for the answer to a tool call? */
export function isAwaitingAnswer(error: unknown): boolean {
  return asProblem(error).code === awaitsAnswerCode;
}

/** Waits for a call that closes something; what is closed already, or gone, needs nothing more. */
export async function settled(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const problem = asProblem(error);
    if (problem.kind !== "gone" && !/archived|terminated/i.test(problem.message)) throw problem;
  }
}

/** A spend limit answers 429 without `retry-after` and goes on doing so: waiting would be a loop. */
function limited(error: APIError): Problem {
  const wait = retryAfter(error);
  if (wait.retryAfterMs === undefined) {
    return new Problem(
      "refused",
      "claude_spend_limit",
      "The Claude platform's spending limit is reached. The operator of this service can raise it.",
      { cause: error },
    );
  }
  return new Problem("later", "claude_limited", "The Claude platform asks us to slow down.", {
    ...wait,
    undone: true,
    cause: error,
  });
}

function retryAfter(error: APIError): { retryAfterMs?: number } {
  const ms = Number(error.headers?.get("retry-after-ms") ?? Number.NaN);
  const seconds = Number(error.headers?.get("retry-after") ?? Number.NaN);
  if (!Number.isNaN(ms)) return { retryAfterMs: ms };
  return Number.isNaN(seconds) ? {} : { retryAfterMs: seconds * 1000 };
}
