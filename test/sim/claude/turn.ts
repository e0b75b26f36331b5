/**
 * The events an acting agent leaves behind: each thing it does is one model request, opened and closed
 * by its span, with the tool's result after it. Knows nothing of what the tools do.
 */
import { Curtain } from "./curtain.ts";
import type { Session } from "./session.ts";
import type { World } from "./world.ts";

/** What one model request is counted as. */
const requestTokens = { input: 900, output: 120 };

/** What a tool came to. */
export interface ToolOutcome {
  text: string;
  isError: boolean;
}

/** Emits for one session; every method throws the `Curtain` once the run is struck. */
export class Turn {
  readonly world: World;
  readonly session: Session;

  constructor(world: World, session: Session) {
    this.world = world;
    this.session = session;
  }

  /** Throws when the run was interrupted or closed. */
  check(): void {
    this.session.crew.signal.throwIfAborted();
  }

  /** One model request around what it emits. */
  request<T>(emit: () => T): T {
    this.check();
    const { session } = this;
    const start = session.stamp({ type: "span.model_request_start" as const });
    session.publish(start);
    const result = emit();
    session.usage.inputTokens += requestTokens.input;
    session.usage.outputTokens += requestTokens.output;
    const model_usage = {
      input_tokens: requestTokens.input,
      output_tokens: requestTokens.output,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
      speed: "standard" as const,
    };
    const end = { model_request_start_id: start.id, is_error: false, model_usage };
    session.publish(session.stamp({ type: "span.model_request_end", ...end }));
    return result;
  }

  /** Uses a built-in tool: the use, the work, the result. Throws when the session's agent lacks the tool. */
  async tool(name: string, input: Record<string, unknown>, work: () => Promise<ToolOutcome>): Promise<void> {
    const { session } = this;
    if (!this.has(name)) throw new Error(`the agent of ${session.id} has no tool ${name}`);
    const use = this.request(() => {
      const allowed = { evaluated_permission: "allow", evaluation: { type: "always_allow" } } as const;
      const event = session.stamp({ type: "agent.tool_use" as const, name, input, ...allowed });
      session.publish(event);
      return event;
    });
    const outcome = await work().catch((error: unknown) => {
      if (error instanceof Curtain) throw error;
      return { text: String(error), isError: true };
    });
    this.check();
    const content = [{ type: "text" as const, text: outcome.text }];
    session.publish(
      session.stamp({ type: "agent.tool_result", tool_use_id: use.id, content, is_error: outcome.isError }),
    );
  }

  /** May the session's agent use this built-in tool? */
  has(name: string): boolean {
    return this.session.agent.tools.some((tool) => {
      if (tool.type !== "agent_toolset_20260401") return false;
      return (tool.configs.find((config) => config.name === name) ?? tool.default_config).enabled;
    });
  }
}
