/** OpenTelemetry's standard variables, as this service takes them. */
import { expect, test } from "vitest";
import { tracingOf } from "../../src/domain/tracing.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test.each<[what: string, environment: Record<string, string>, ratio: number | undefined]>([
  ["nothing is asked for", {}, undefined],
  ["an endpoint turns it on", endpoint, 1],
  ["an endpoint for traces alone", { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://otel.example.com/t" }, 1],
  ["an empty one is none", { OTEL_EXPORTER_OTLP_ENDPOINT: " " }, undefined],
  ["disabled", { ...endpoint, OTEL_SDK_DISABLED: "TRUE" }, undefined],
  ["another exporter: none", { ...endpoint, OTEL_TRACES_EXPORTER: "none" }, undefined],
  ["a share", { ...endpoint, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" }, 0.25],
  ["a share by parents", { ...endpoint, OTEL_TRACES_SAMPLER: "parentbased_traceidratio" }, 1],
  ["never", { ...endpoint, OTEL_TRACES_SAMPLER: "always_off" }, undefined],
  ["always", { ...endpoint, OTEL_TRACES_SAMPLER: "parentbased_always_on" }, 1],
])("%s", (_what, environment, ratio) => {
  const mistakes: string[] = [];
  expect(tracingOf(environment, mistakes)?.ratio).toBe(ratio);
  expect(mistakes).toEqual([]);
});

test.each<[what: string, environment: Record<string, string>, words: RegExp]>([
  [
    "no URL",
    { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
    /^OTEL_EXPORTER_OTLP_ENDPOINT must be an http/,
  ],
  ["gRPC", { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /PROTOCOL must be http\/protobuf/],
  ["another exporter", { ...endpoint, OTEL_TRACES_EXPORTER: "zipkin" }, /^OTEL_TRACES_EXPORTER must be otlp/],
  ["another sampler", { ...endpoint, OTEL_TRACES_SAMPLER: "jaeger_remote" }, /^OTEL_TRACES_SAMPLER must be/],
  [
    "a share above one",
    { ...endpoint, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "25" },
    /^OTEL_TRACES_SAMPLER_ARG must be a share/,
  ],
])("%s is a mistake that names its variable", (_what, environment, words) => {
  const mistakes: string[] = [];
  tracingOf(environment, mistakes);
  expect(mistakes).toEqual([expect.stringMatching(words)]);
});

test("spans go to the collector's own path, unless the whole address is given", () => {
  const url = (environment: Record<string, string>) => tracingOf(environment, [])?.url;
  expect(url(endpoint)).toBe("http://127.0.0.1:4318/v1/traces");
  expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://otel.example.com/in/" })).toBe(
    "https://otel.example.com/in/v1/traces",
  );
  expect(url({ ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://otel.example.com/t" })).toBe(
    "https://otel.example.com/t",
  );
});
