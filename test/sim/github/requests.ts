/**
 * The log of requests, and everyone who wants to watch or stop them. Knows no route.
 */

/** One request and its answer. Bodies are parsed JSON; a minted token is replaced by its hash. */
export interface RequestRecord {
  at: number;
  method: string;
  path: string;
  /** The OpenAPI template, `git-upload-pack`, `git-receive-pack`, `graphql` or `unknown`. */
  route: string;
  query: Record<string, string>;
  as: "app" | "installation" | "user" | "client" | "anonymous" | undefined;
  installationId?: number;
  tokenHash?: string;
  requestBody?: unknown;
  /** 0 until answered, or when the connection was cut before the effect. */
  status: number;
  responseBody?: unknown;
  /** The answer was put there by a fault. */
  injected?: true;
  createsContent: boolean;
}

/** Called before and after the effect of each request; `"cut"` destroys the connection there. */
export type Observer = (phase: "before" | "after", record: RequestRecord) => unknown;

/** All requests so far, and which are being answered now. */
export class Requests {
  readonly log: RequestRecord[] = [];
  readonly #active = new Set<RequestRecord>();
  readonly #finished = new WeakSet<RequestRecord>();
  readonly #observers = new Set<Observer>();

  /** Requests being answered, without those that only wait for the clock. */
  get active(): number {
    return this.#active.size;
  }

  /** Adds an observer; the returned function takes it away. */
  observe(observer: Observer): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Writes a request down; it is active until `finish`. */
  begin(record: RequestRecord): void {
    this.log.push(record);
    this.#active.add(record);
  }

  /** The request has been answered or its connection is gone. */
  finish(record: RequestRecord): void {
    this.#active.delete(record);
    this.#finished.add(record);
  }

  /** Runs a wait during which the request does not count as active. */
  async idle(record: RequestRecord, wait: Promise<void>): Promise<void> {
    this.#active.delete(record);
    await wait;
    if (!this.#finished.has(record)) this.#active.add(record);
  }

  /** Tells the observers; true when one of them cuts the connection. */
  async tell(phase: "before" | "after", record: RequestRecord): Promise<boolean> {
    let isCut = false;
    for (const observer of this.#observers) isCut = (await observer(phase, record)) === "cut" || isCut;
    return isCut;
  }
}
