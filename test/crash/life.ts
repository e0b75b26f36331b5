/**
 * One life of the service: what it reaches of the world, so that it can be taken away at a chosen moment.
 * Its disk, its connections and its alarms go through here; when it dies, none of them does anything again,
 * as when a process is killed. It knows the moments by name and not what they are for.
 */
import { Server } from "node:http";
import type { SqliteDatabase, SqliteStatement } from "kysely";
import { Agent, type Dispatcher, errors, getGlobalDispatcher } from "undici";
import type { Clock } from "../../src/clock.ts";
import type { Disk } from "../store/disk.ts";
import { durableWrites, routeOf } from "./moments.ts";

/** What happens at a moment: the service dies there, or a reply that took effect never arrives as it was sent. */
export type Blow = "crash" | "reset" | "timeout" | "5xx";

/** Hears of each moment by its name, before it passes. */
export type Hear = (moment: string) => Blow | undefined;

const gone = () => new Error("this process is gone");

/** A life, from a start of the service to its death or the end of the play. */
export class Life {
  readonly clock: Clock;
  /** Resolves at the death. */
  readonly death: Promise<void>;
  /** Resolves after the death, when what was sent before it has arrived: no request is on its way for hours. */
  readonly end: Promise<void>;
  readonly disk: SqliteDatabase;
  /** The disk without anybody hearing of it. */
  readonly peek: SqliteDatabase;
  isDead = false;
  /** Calls that were sent and are not answered yet. */
  underWay = 0;
  readonly #agents = new Set<Agent>();
  readonly #servers = new Set<Server>();
  readonly #alarms = new Set<() => void>();
  readonly #disk: Disk;
  readonly #hear: Hear;
  #tellDeath: () => void = () => undefined;
  #tellEnd: () => void = () => undefined;

  constructor({ clock, disk, hear }: { clock: Clock; disk: Disk; hear: Hear }) {
    this.#disk = disk;
    this.#hear = hear;
    this.death = new Promise((resolve) => {
      this.#tellDeath = resolve;
    });
    this.end = new Promise((resolve) => {
      this.#tellEnd = resolve;
    });
    this.peek = disk.open();
    this.disk = heardDisk(this.peek, (moment) => this.#pass(moment));
    this.clock = { now: () => clock.now(), after: (ms, call) => this.#after(clock, ms, call) };
    living = this;
  }

  /** Everything is cut off at once. What was sent arrives, and its reply is heard by nobody. */
  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#disk.open();
    for (const off of this.#alarms) off();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    this.#tellDeath();
    this.#endIfDone();
  }

  /** A door that is opened; it is shut with everybody in it at the death. */
  open(server: Server): void {
    this.#servers.add(server);
  }

  /** A call on its way out: dies before it is sent, or lets it go and listens for its reply. */
  call(agent: Agent, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#agents.add(agent);
    const name = `${options.method} ${routeOf(String(options.path))}`;
    this.#pass(`before ${name}`);
    this.underWay += 1;
    let isAnswered = false;
    const answered = () => {
      if (isAnswered) return;
      isAnswered = true;
      this.underWay -= 1;
      this.#endIfDone();
    };
    return plainDispatch.call(agent, options, this.#listening(`after ${name}`, { handler, answered }));
  }

  #endIfDone(): void {
    if (!this.isDead || this.underWay > 0) return;
    for (const agent of this.#agents) void agent.destroy();
    this.#tellEnd();
  }

  #pass(moment: string): Blow | undefined {
    if (this.isDead) throw gone();
    const blow = this.#hear(moment);
    if (blow !== "crash") return blow;
    this.die();
    throw gone();
  }

  #listening(
    moment: string,
    { handler, answered }: { handler: Dispatcher.DispatchHandler; answered: () => void },
  ): Dispatcher.DispatchHandler {
    return {
      onRequestStart: (...given) => handler.onRequestStart?.(...given),
      onRequestUpgrade: (...given) => handler.onRequestUpgrade?.(...given),
      onResponseStart: (controller, status, headers, text) => {
        answered();
        const blow = this.#pass(moment);
        if (blow === "reset") throw new errors.SocketError("other side closed");
        if (blow === "timeout") throw new errors.HeadersTimeoutError();
        handler.onResponseStart?.(controller, blow === "5xx" ? 502 : status, headers, text);
      },
      onResponseData: (...given) => handler.onResponseData?.(...given),
      onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
      onResponseError: (...given) => {
        answered();
        handler.onResponseError?.(...given);
      },
    };
  }

  #after(clock: Clock, ms: number, call: () => void): () => void {
    if (this.isDead) return () => undefined;
    const off = clock.after(ms, () => {
      this.#alarms.delete(off);
      call();
    });
    this.#alarms.add(off);
    return () => {
      this.#alarms.delete(off);
      off();
    };
  }
}

let living: Life | undefined;
const owners = new WeakMap<Agent, Life>();
const plainDispatch = Agent.prototype.dispatch;

/** Every call of the service leaves by an `Agent` that it builds itself; the first call shows whose it is. */
Agent.prototype.dispatch = function dispatch(this: Agent, options, handler) {
  if (this === getGlobalDispatcher()) return plainDispatch.call(this, options, handler);
  const owner = owners.get(this) ?? living;
  // The simulators deliver their webhooks with an agent of their own.
  if (!owner || /\/webhooks$/.test(String(options.path))) return plainDispatch.call(this, options, handler);
  owners.set(this, owner);
  return owner.call(this, options, handler);
};

const plainListen = Server.prototype.listen as (...given: unknown[]) => Server;

/** The service opens its one door while it starts; the simulators open theirs before anybody lives. */
Server.prototype.listen = function listen(this: Server, ...given: unknown[]) {
  if (living && !living.isDead) living.open(this);
  return plainListen.apply(this, given);
};

/** A connection whose durable writes are moments. */
function heardDisk(connection: SqliteDatabase, pass: (moment: string) => void): SqliteDatabase {
  const around = durableWrites(pass);
  const heard =
    <T>(sql: string, call: (parameters: readonly unknown[]) => T) =>
    (parameters: readonly unknown[]) =>
      around(sql, parameters, () => call(parameters));
  return {
    close: () => connection.close(),
    prepare: (sql) => {
      const statement: SqliteStatement = connection.prepare(sql);
      return {
        reader: statement.reader,
        all: heard(sql, statement.all),
        run: heard(sql, statement.run),
        iterate: heard(sql, statement.iterate),
      };
    },
  };
}
