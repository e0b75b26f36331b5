/**
 * What a run does, as spans: one trace a run. Its ids derive from the run's, so that every process that ever
 * works on a run, before and after crashes and deploys, adds to the same trace. No span names a repository, a
 * person or a text. The SDK is loaded only where tracing is asked for.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { IdGenerator } from "@opentelemetry/sdk-trace";
import type { Clock } from "./clock.ts";

/** A run as its trace knows it. */
export interface TracedRun {
  id: string;
  installation: number;
  session?: string;
  round: number;
  /** When it was asked for, milliseconds since the epoch. */
  askedAt: number;
  /** Is this its first entry? Then the trace's root is told too. */
  first: boolean;
}

/** A call to a neighbour, by route template. */
export interface TracedCall {
  to: string;
  method: string;
  route: string;
}

/** Where spans are begun. Every `work` is done and its result or error handed on, traced or not. */
export interface Traces {
  /** One entry of a run's mission. */
  entry<T>(run: TracedRun, work: () => Promise<T>): Promise<T>;
  /** A call made during an entry; one made outside of any is not traced. `work` says how it was answered. */
  call<T>(call: TracedCall, work: (answered: (status: number | "none") => void) => Promise<T>): Promise<T>;
  /** Sends what is not sent yet, as far as that takes a moment. */
  close(): Promise<void>;
}

/** No tracing. */
export const noTraces: Traces = {
  entry: (_run, work) => work(),
  call: (_call, work) => work(() => {}),
  close: () => Promise.resolve(),
};

/** How long the last spans may keep a stop. */
const closeMsMax = 1_000;
const queueMax = 4_096;

/** Traces that go out to `url` by OTLP, those of `ratio` of all runs. */
export async function otlpTraces(options: {
  url: string;
  ratio: number;
  clock: Clock;
  random: (bytes: number) => Uint8Array;
}): Promise<Traces> {
  const { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider } = await import(
    "@opentelemetry/sdk-trace"
  );
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = await import(
    "@opentelemetry/resources"
  );
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  const { url, clock, random, ratio } = options;
  const exporter = new OTLPTraceExporter({ url });
  const ids = new RunIds(random);
  const provider = new TracerProvider({
    // The id decides, so that a run is traced whole or not at all, whoever works on it.
    sampler: new TraceIdRatioBasedSampler(ratio),
    idGenerator: ids,
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "patchwright" }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor({ exporter, maxQueueSize: queueMax, exportTimeoutMillis: closeMsMax * 10 }),
    ],
  });
  // Not registered globally: libraries beneath us would add their own polling to the runs' traces.
  const tracer = provider.getTracer("patchwright");
  return spans({ tracer, ids, clock }, async () => {
    let off = () => {};
    const late = new Promise<void>((resolve) => {
      off = clock.after(closeMsMax, resolve);
    });
    await Promise.race([provider.shutdown().catch(() => {}), late]);
    off();
  });
}

function spans(
  { tracer, ids, clock }: { tracer: Tracer; ids: RunIds; clock: Clock },
  close: () => Promise<void>,
): Traces {
  const current = new AsyncLocalStorage<Context>();
  const within = async <T>(span: Span, parent: Context, work: () => Promise<T>): Promise<T> => {
    try {
      return await current.run(trace.setSpan(parent, span), work);
    } catch (error) {
      // The class alone: a message may quote what it was given.
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute("error.type", error instanceof Error ? error.name : "unknown");
      throw error;
    } finally {
      span.end(clock.now());
    }
  };
  return {
    entry: (run, work) => {
      const attributes = {
        "patchwright.run_id": run.id,
        "patchwright.installation_id": run.installation,
        "patchwright.round": run.round,
        ...(run.session === undefined ? {} : { "patchwright.session_id": run.session }),
      };
      const root = rootOf(run.id);
      if (run.first) {
        const begin = () =>
          tracer.startSpan("run asked", { attributes, startTime: run.askedAt }, ROOT_CONTEXT);
        ids.as(root, begin).end(clock.now());
      }
      const parent = trace.setSpanContext(ROOT_CONTEXT, {
        ...root,
        traceFlags: TraceFlags.SAMPLED,
        isRemote: true,
      });
      const span = tracer.startSpan("entry", { attributes, startTime: clock.now() }, parent);
      return within(span, parent, work);
    },
    call: (call, work) => {
      const parent = current.getStore();
      if (!parent) return work(() => {});
      const attributes = {
        "peer.service": call.to,
        "http.request.method": call.method,
        "url.template": call.route,
      };
      const span = tracer.startSpan(
        `${call.method} ${call.route}`,
        { attributes, startTime: clock.now() },
        parent,
      );
      return within(span, parent, () =>
        work((status) => {
          if (status !== "none") span.setAttribute("http.response.status_code", status);
        }),
      );
    },
    close,
  };
}

/** The root of a run's trace: the same in every process. */
function rootOf(run: string): { traceId: string; spanId: string } {
  const hash = createHash("sha256").update(run).digest("hex");
  return { traceId: hash.slice(0, 32), spanId: hash.slice(32, 48) };
}

/** Chance as it was handed in; and for a root, the ids that derive from its run. */
class RunIds implements IdGenerator {
  readonly #random: (bytes: number) => Uint8Array;
  #next: { traceId: string; spanId: string } | undefined;

  constructor(random: (bytes: number) => Uint8Array) {
    this.#random = random;
  }

  /** Begins a span with these ids. */
  as(next: { traceId: string; spanId: string }, begin: () => Span): Span {
    this.#next = next;
    try {
      return begin();
    } finally {
      this.#next = undefined;
    }
  }

  generateTraceId(): string {
    return this.#next?.traceId ?? Buffer.from(this.#random(16)).toString("hex");
  }

  generateSpanId(): string {
    return this.#next?.spanId ?? Buffer.from(this.#random(8)).toString("hex");
  }
}
