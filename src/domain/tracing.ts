/**
 * What OpenTelemetry's standard variables ask of this service: whether, where to and how much. Those of the
 * exporter (headers, time-out, compression, certificates) and of the resource are read by its library.
 * Source: opentelemetry.io, "Environment Variable Specification" and "OTLP Exporter Configuration".
 */

/** How much of what happens is traced. */
export interface Tracing {
  /** Where spans go. */
  url: string;
  /** Share of runs that are traced, above 0 to 1. */
  ratio: number;
}

type Environment = Record<string, string | undefined>;

/** Tracing as the variables want it; undefined where they want none. Adds to `mistakes` what cannot be meant. */
export function tracingOf(environment: Environment, mistakes: string[]): Tracing | undefined {
  const given = (name: string) => environment[name]?.trim() || undefined;
  const whole = given("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const base = given("OTEL_EXPORTER_OTLP_ENDPOINT")?.replace(/\/+$/, "");
  const address = whole ?? (base && `${base}/v1/traces`);
  if (address === undefined || given("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return undefined;
  const exporter = given("OTEL_TRACES_EXPORTER") ?? "otlp";
  if (exporter === "none") return undefined;
  if (exporter !== "otlp") mistakes.push("OTEL_TRACES_EXPORTER must be otlp or none");
  const protocol =
    given("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? given("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/protobuf";
  if (protocol !== "http/protobuf") {
    mistakes.push(
      "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf, which every collector takes on port 4318",
    );
  }
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    mistakes.push("OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL");
  }
  const ratio = ratioOf(given("OTEL_TRACES_SAMPLER"), given("OTEL_TRACES_SAMPLER_ARG"), mistakes);
  return ratio > 0 ? { url: address, ratio } : undefined;
}

/** The run decides for all its spans, so a sampler and its parent-based form come to the same. */
function ratioOf(sampler = "always_on", share: string | undefined, mistakes: string[]): number {
  switch (sampler.replace(/^parentbased_/, "")) {
    case "always_on":
      return 1;
    case "always_off":
      return 0;
    case "traceidratio": {
      const ratio = Number(share ?? "1");
      if (ratio >= 0 && ratio <= 1) return ratio;
      mistakes.push("OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1");
      return 0;
    }
    default:
      mistakes.push(
        "OTEL_TRACES_SAMPLER must be always_on, always_off or traceidratio, or one of them with parentbased_ before it",
      );
      return 0;
  }
}
