/**
 * What a test's script may do in the agent's place: speak, use tools, wait, ask us, spend, stop.
 * Each call leaves the events the platform would; an interrupt ends the script at its next call.
 */
import type {
  BetaManagedAgentsSessionErrorEvent,
  BetaManagedAgentsUserCustomToolResultEvent,
  BetaManagedAgentsUserMessageEvent,
} from "@anthropic-ai/sdk/resources/beta/sessions/events";
import { Curtain } from "./curtain.ts";
import { storeFile } from "./file-store.ts";
import { callServer, checkMcpTool } from "./mcp.ts";
import type { Session } from "./session.ts";
import { Turn } from "./turn.ts";
import { Workspace } from "./workspace.ts";
import type { World } from "./world.ts";

/** The agent's part, played once per message; it returns when the turn is over. */
export type Script = (agent: Agent) => Promise<void>;

/** An error as `session.error` carries it. */
export type SessionError = BetaManagedAgentsSessionErrorEvent["error"];

/** A call of one of our tools. */
export interface CustomCall {
  name: string;
  input: Record<string, unknown>;
}

/** What we answered to a call. */
export interface CustomAnswer {
  text: string;
  isError: boolean;
}

/** What we decided when asked for leave. */
export interface Permission {
  result: "allow" | "deny";
  denyMessage: string | null;
}

/** Text of an event's content, its text blocks one per line. */
export function textOf(content: readonly { type: string }[] | undefined): string {
  const texts = (content ?? []).map((block) =>
    block.type === "text" && "text" in block && typeof block.text === "string" ? block.text : "",
  );
  return texts.filter((text) => text !== "").join("\n");
}

/** One agent at work in a session; as a `Workspace` it is the first mounted repository. */
export class Agent extends Workspace {
  /** The message being worked on. */
  message: BetaManagedAgentsUserMessageEvent;

  constructor(world: World, session: Session, message: BetaManagedAgentsUserMessageEvent) {
    super(new Turn(world, session), session.mounts[0]);
    this.message = message;
  }

  get session(): Session {
    return this.turn.session;
  }

  /** The message's text. */
  get text(): string {
    return textOf(this.message.content);
  }

  /** How many messages the session has worked on, this one included. */
  get round(): number {
    return this.session.log.filter(({ type }) => type === "user.message").length;
  }

  /** Another mounted repository, by `owner/name`. */
  at(repository: string): Workspace {
    const mount = this.session.mounts.find((one) => one.repository === repository);
    if (!mount) throw new Error(`${repository} is not mounted`);
    return new Workspace(this.turn, mount);
  }

  /** Says something. */
  async say(text: string): Promise<void> {
    const { session } = this;
    const content = [{ type: "text" as const, text }];
    this.turn.request(() => session.publish(session.stamp({ type: "agent.message", content })));
  }

  /** Thinks; the platform shows that it does, not what. */
  async think(): Promise<void> {
    const { session } = this;
    this.turn.request(() => session.publish(session.stamp({ type: "agent.thinking" })));
  }

  /** A long tool call: lets time pass by the simulator's clock. */
  async wait(ms: number): Promise<void> {
    const { clock } = this.turn.world;
    await this.turn.tool("bash", { command: `sleep ${ms / 1000}` }, async () => {
      await this.session.crew.park<void>((goOn) => void clock.after(ms, () => goOn()));
      return { text: "", isError: false };
    });
  }

  /** Calls one of our tools and waits for the answer. */
  async custom(name: string, input: Record<string, unknown>): Promise<CustomAnswer> {
    const [answer] = await this.customs([{ name, input }]);
    if (!answer) throw new Error("no answer");
    return answer;
  }

  /** Calls several of our tools at once; goes on when all are answered. Throws for a tool we did not offer. */
  async customs(calls: CustomCall[]): Promise<CustomAnswer[]> {
    const { session } = this;
    for (const { name } of calls)
      if (!session.agent.tools.some((tool) => tool.type === "custom" && tool.name === name))
        throw new Error(`the agent of ${session.id} has no tool ${name}`);
    const uses = this.turn.request(() =>
      calls.map(({ name, input }) => {
        const use = session.stamp({ type: "agent.custom_tool_use" as const, name, input });
        session.publish(use);
        return use.id;
      }),
    );
    const answers = await this.#await<BetaManagedAgentsUserCustomToolResultEvent>("custom_tool", uses);
    return answers.map((answer) => ({ text: textOf(answer.content), isError: answer.is_error ?? false }));
  }

  /** Uses a tool of an MCP server, as the platform does it in the agent's place. */
  async mcp(server: string, name: string, input: Record<string, unknown> = {}): Promise<CustomAnswer> {
    const { session } = this;
    const { world } = this.turn;
    const call = { server, name, input };
    checkMcpTool(session, call);
    const allowed = { evaluated_permission: "allow", evaluation: { type: "always_allow" } } as const;
    const use = this.turn.request(() => {
      const event = session.stamp({
        type: "agent.mcp_tool_use" as const,
        mcp_server_name: server,
        name,
        input,
        ...allowed,
      });
      session.publish(event);
      return event;
    });
    const { text, isError, trouble } = await callServer(world, session, call);
    this.turn.check();
    if (trouble) {
      const retry_status = { type: "terminal" } as const;
      const error = { type: trouble, mcp_server_name: server, message: trouble, retry_status };
      session.publish(session.stamp({ type: "session.error", error }));
    }
    const content = [{ type: "text" as const, text }];
    session.publish(
      session.stamp({ type: "agent.mcp_tool_result", mcp_tool_use_id: use.id, content, is_error: isError }),
    );
    return { text, isError };
  }

  /** Asks for leave to use a tool whose policy is `always_ask`. */
  async ask(name: string, input: Record<string, unknown>): Promise<Permission> {
    const { session } = this;
    const use = this.turn.request(() => {
      const asked = { evaluated_permission: "ask", evaluation: { type: "always_ask" } } as const;
      const event = session.stamp({ type: "agent.tool_use" as const, name, input, ...asked });
      session.publish(event);
      return event;
    });
    const [answer] = await this.#await<Permission>("permission", [use.id]);
    return answer ?? { result: "deny", denyMessage: null };
  }

  /** Ends the turn and waits for the next message (a message already waiting is taken at once). */
  async nextMessage(): Promise<string> {
    this.turn.check();
    this.message = await this.session.crew.nextMessage();
    return this.text;
  }

  /** Counts list cost, in cents, and tokens; pauses when the budget is reached, until it is raised. */
  async spend(cents: number, tokens: { input?: number; output?: number } = {}): Promise<void> {
    this.turn.check();
    const { usage } = this.session;
    usage.cents += cents;
    usage.inputTokens += tokens.input ?? 0;
    usage.outputTokens += tokens.output ?? 0;
    await this.#pauseIfSpent();
  }

  /** Tells of an error; the session goes on. */
  async error(error: SessionError): Promise<void> {
    this.turn.check();
    this.session.publish(this.session.stamp({ type: "session.error", error }));
  }

  /** The platform reschedules the session, which goes on after `ms`. */
  async reschedule(ms: number): Promise<void> {
    this.turn.check();
    const { clock } = this.turn.world;
    this.session.reschedule();
    await this.session.crew.park<void>((goOn) => void clock.after(ms, () => goOn()));
    this.session.run();
  }

  /** Leaves a file in the session's outputs. */
  async output(filename: string, content: string): Promise<void> {
    this.turn.check();
    const bytes = new TextEncoder().encode(content);
    storeFile(this.turn.world, {
      filename,
      mimeType: "text/plain",
      content: bytes,
      sessionId: this.session.id,
    });
  }

  /** Ends the turn, and with it the script. */
  endTurn(): never {
    throw new Curtain({ how: "end_turn" });
  }

  /** The model refuses to go on. */
  refuse(explanation = "declined"): never {
    throw new Curtain({ how: "refusal", details: { type: "refusal", category: null, explanation } });
  }

  /** The platform gives up retrying; the session rests. */
  async exhaustRetries(): Promise<never> {
    const message = "the model stayed overloaded";
    await this.error({ type: "model_overloaded_error", message, retry_status: { type: "exhausted" } });
    throw new Curtain({ how: "retries_exhausted" });
  }

  /** The session fails for good. */
  terminate(): never {
    throw new Curtain({ how: "terminated" });
  }

  /** Rests until every one of these uses is answered. */
  async #await<T>(kind: "custom_tool" | "permission", uses: string[]): Promise<T[]> {
    const { session } = this;
    const answers = new Map<string, T>();
    session.rest({ type: "requires_action", event_ids: uses });
    await session.crew.park<void>((goOn) => {
      for (const id of uses)
        session.pending.set(id, {
          kind,
          settle: (answer) => {
            answers.set(id, answer as T);
            session.pending.delete(id);
            if (session.pending.size > 0) return;
            session.run();
            goOn();
          },
        });
    });
    await this.#pauseIfSpent();
    return uses.flatMap((id) => answers.get(id) ?? []);
  }

  async #pauseIfSpent(): Promise<void> {
    if (this.session.spent) await this.session.crew.pauseAtBudget();
  }
}
