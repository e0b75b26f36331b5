/**
 * The life of a session's script: started by a message, parked while it waits, struck by an interrupt,
 * ended by its own choice. Counts as activity only while the script really works.
 * Knows nothing of what the script does.
 */
import type { BetaManagedAgentsUserMessageEvent } from "@anthropic-ai/sdk/resources/beta/sessions";
import { Agent, type Script } from "./agent.ts";
import { Curtain, type Ending } from "./curtain.ts";
import type { Session } from "./session.ts";
import type { World } from "./world.ts";

/** Runs one session's script. */
export class Crew {
  readonly #world: World;
  readonly #session: Session;
  /** Settles once the repositories are cloned, or were given up. */
  ready: Promise<void> = Promise.resolve();
  /** Settles once the script is not at work. */
  done: Promise<void> = Promise.resolve();
  #script: Script | undefined;
  #performing: boolean = false;
  #run = new AbortController();
  #leave: () => void = () => {};
  #onMessage: (() => void) | undefined;
  #onBudget: (() => void) | undefined;

  constructor(world: World, session: Session) {
    this.#world = world;
    this.#session = session;
  }

  /** Aborts when the current run is interrupted or closed; its reason is a `Curtain`. */
  get signal(): AbortSignal {
    return this.#run.signal;
  }

  /** A message was queued: starts the script, or lets it go on if it waits for one. */
  wake(): void {
    const goOn = this.#onMessage;
    this.#onMessage = undefined;
    if (goOn) goOn();
    else if (!this.#performing) this.done = this.#perform();
  }

  /** The budget was raised or removed: a session paused at its cap goes on. */
  resume(): void {
    const goOn = this.#onBudget;
    this.#onBudget = undefined;
    goOn?.();
  }

  /** Strikes the current run, after the switch's lag. */
  interrupt(): void {
    const run = this.#run;
    const strike = () => run.abort(new Curtain({ how: "interrupt" }));
    const { interruptLagMs } = this.#world.switches;
    if (interruptLagMs > 0) this.#world.clock.after(interruptLagMs, strike);
    else strike();
  }

  /** Ends whatever is going on, for good and without another event. */
  close(): void {
    this.#run.abort(new Curtain({ how: "closed" }));
  }

  /** Waits without counting as activity until `begin`'s argument is called; throws the `Curtain` if struck. */
  park<T>(begin: (goOn: (value: T) => void) => void): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    this.#leave();
    return new Promise<T>((resolve, reject) => {
      const back = () => {
        signal.removeEventListener("abort", struck);
        this.#leave();
        this.#leave = this.#world.activity.enter();
      };
      const struck = () => {
        back();
        reject(signal.reason);
      };
      signal.addEventListener("abort", struck, { once: true });
      begin((value) => {
        if (signal.aborted) return;
        back();
        resolve(value);
      });
    });
  }

  /** Ends the turn unless a message is already waiting, and returns the next one. */
  async nextMessage(): Promise<BetaManagedAgentsUserMessageEvent> {
    this.#settleInterrupts();
    if (!this.#waiting()) {
      this.#session.rest({ type: "end_turn" });
      await this.park<void>((goOn) => {
        this.#onMessage = () => goOn();
      });
    }
    return this.#take();
  }

  /** Pauses at the budget until it is raised. */
  async pauseAtBudget(): Promise<void> {
    this.#session.rest({ type: "budget_reached" });
    await this.park<void>((goOn) => {
      this.#onBudget = () => goOn();
    });
    this.#session.run();
  }

  async #perform(): Promise<void> {
    this.#performing = true;
    this.#leave = this.#world.activity.enter();
    while (await this.#turn());
    this.#performing = false;
    this.#leave();
  }

  /** One run of the script; true when a message waits for another. */
  async #turn(): Promise<boolean> {
    this.#run = new AbortController();
    const message = this.#take();
    const ending = await this.#play(message);
    return this.#finish(ending);
  }

  async #play(message: BetaManagedAgentsUserMessageEvent): Promise<Ending> {
    try {
      await this.ready;
      this.signal.throwIfAborted();
      this.#script ??= this.#world.casting(this.#session);
      await this.#script(new Agent(this.#world, this.#session, message));
      this.signal.throwIfAborted();
      return { how: "end_turn" };
    } catch (error) {
      if (error instanceof Curtain) return error.ending;
      this.#world.scriptErrors.push(error);
      return { how: "failure" };
    }
  }

  #finish(ending: Ending): boolean {
    const session = this.#session;
    if (ending.how === "closed") return false;
    this.#settleInterrupts();
    switch (ending.how) {
      case "failure": {
        const error = {
          type: "unknown_error",
          message: "the agent failed",
          retry_status: { type: "terminal" },
        } as const;
        session.publish(session.stamp({ type: "session.error", error }));
        session.terminate();
        return false;
      }
      case "terminated":
        session.terminate();
        return false;
      case "refusal":
        session.rest({ type: "refusal" }, ending.details);
        break;
      case "interrupt":
        session.pending.clear();
        session.rest({ type: "end_turn" });
        break;
      case "end_turn":
        if (!this.#waiting()) session.rest({ type: "end_turn" });
        break;
      case "retries_exhausted":
        session.rest({ type: "retries_exhausted" });
        break;
    }
    return this.#waiting() !== undefined;
  }

  #waiting(): BetaManagedAgentsUserMessageEvent | undefined {
    return this.#session.queue.find((event) => event.type === "user.message");
  }

  /** Takes the first waiting message into work. */
  #take(): BetaManagedAgentsUserMessageEvent {
    const message = this.#waiting();
    if (!message) throw new Error("no message is waiting");
    if (this.#session.status !== "running") this.#session.run();
    return this.#session.process(message);
  }

  #settleInterrupts(): void {
    for (const event of this.#session.queue.filter(({ type }) => type === "user.interrupt"))
      this.#session.process(event);
  }
}
