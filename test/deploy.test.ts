/**
 * What is handed to operators besides the code: the container's files, the dashboard and the alarms name only
 * what the service has.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { createMetrics, type Metrics } from "../src/metrics.ts";
import { type Scrape, sounding } from "./alarm.ts";

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), "utf8");

const minuteMs = 60_000;

/** Names of all series that the metrics' page can have. */
async function series(): Promise<Set<string>> {
  const metrics = createMetrics();
  metrics.tokenReplaced(1);
  const text = await metrics.text({ runs: { working: 1 }, queued: 0, deliveriesWaiting: 0 }, 0);
  const kinds = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    kinds.flatMap(([, name = "", kind]) =>
      kind === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => `${name}${end}`) : [name],
    ),
  );
}

test.each(["deploy/grafana.json", "deploy/alerts.yaml"])(
  "%s asks for series that there are",
  async (name) => {
    const known = await series();
    const asked = [...read(name).matchAll(/\bpatchwright_[a-z_]+/g)].map(([one]) => one);
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter((one) => !known.has(one))).toEqual([]);
  },
);

test("every series of the service is on the dashboard", async () => {
  const dashboard = read("deploy/grafana.json");
  const stems = [...(await series())].map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  expect(stems.filter((stem) => !dashboard.includes(stem))).toEqual([]);
});

test("every alarm says what is wrong and what to do", () => {
  const { groups } = parse(read("deploy/alerts.yaml"));
  for (const rule of groups.flatMap(({ rules }: { rules: object[] }) => rules)) {
    expect(rule).toMatchObject({
      alert: expect.stringMatching(/^Patchwright/),
      annotations: { summary: expect.any(String), todo: expect.any(String) },
      labels: { severity: expect.stringMatching(/^(page|ticket)$/) },
    });
  }
});

/** What a rule comes to while minutes go by; `during` is what happens before the scrape of each. */
async function minutes(alert: string, upTo: number, during: (metrics: Metrics, minute: number) => void) {
  const { groups } = parse(read("deploy/alerts.yaml"));
  const rules: { alert: string; expr: string }[] = groups.flatMap(({ rules }: { rules: object[] }) => rules);
  const expression = rules.find((rule) => rule.alert === alert)?.expr ?? "";
  const metrics = createMetrics();
  const scrapes: Scrape[] = [];
  const heard: string[][] = [];
  for (let minute = 0; minute <= upTo; minute += 1) {
    during(metrics, minute);
    const at = minute * minuteMs;
    scrapes.push({ at, page: await metrics.text({ runs: {}, queued: 0, deliveriesWaiting: 0 }, at) });
    heard.push(sounding(expression, scrapes));
  }
  return heard.map((groups, minute) => ({ minute, groups })).filter(({ groups }) => groups.length > 0);
}

test("a token that was replaced almost too late is an alarm for an hour, and the next one is again", async () => {
  const heard = await minutes("PatchwrightTokenAlmostTooLate", 300, (metrics, minute) => {
    if (minute === 5) metrics.tokenReplaced(900_000);
    if (minute === 10) metrics.tokenReplaced(100_000);
    // Late as well, though not the latest ever.
    if (minute === 200) metrics.tokenReplaced(250_000);
  });
  const during = heard.map(({ minute }) => minute);
  expect([during[0], during.includes(69), during.includes(75), during.includes(199)]).toEqual([
    ...[10, true, false, false],
  ]);
  expect([during.includes(200), during.includes(259), during.at(-1)]).toEqual([true, true, 259]);
});

test("a limit that is low is an alarm until GitHub renews it, whether anybody asks again or not", async () => {
  const of = (installation: number, left: number, renewedAt: number) => ({
    ...{ installation, resource: "core", left },
    renewedAt: renewedAt * minuteMs,
  });
  const heard = await minutes("PatchwrightGitHubLimitLow", 120, (metrics, minute) => {
    if (minute === 10) metrics.limitNoted(of(7, 4_000, 40));
    if (minute === 20) metrics.limitNoted(of(7, 100, 40));
    if (minute === 20) metrics.limitNoted(of(8, 3_000, 60));
    // An answer that is late tells of an hour that is over.
    if (minute === 70) metrics.limitNoted(of(9, 4_999, 130));
    if (minute === 71) metrics.limitNoted(of(9, 3, 70));
  });
  expect(heard.map(({ minute }) => minute)).toEqual(Array.from({ length: 20 }, (_, at) => 20 + at));
  expect(new Set(heard.flatMap(({ groups }) => groups))).toEqual(
    new Set(['installation="7",resource="core"']),
  );
});

test("Kubernetes asks at the service's own addresses and gives it time to stop", () => {
  const [deployment] = parseAllDocuments(read("deploy/kubernetes.yaml")).map((one) => one.toJS());
  const { spec } = deployment.spec.template;
  const [container] = spec.containers;
  expect(container.livenessProbe.httpGet.path).toBe("/healthz");
  expect(container.readinessProbe.httpGet.path).toBe("/readyz");
  expect(container.ports[0].containerPort).toBe(3000);
  expect(read("deploy/kubernetes.yaml")).toMatch(/`sleep` needs Kubernetes 1\.30 .*\n +preStop: \{ sleep:/);
  // Ten seconds are the stop's own.
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(container.lifecycle.preStop.sleep.seconds + 10);
  expect(container.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect([spec.securityContext.runAsNonRoot, spec.securityContext.runAsUser]).toEqual([true, 1000]);
});

test("Compose runs two replicas on PostgreSQL, read-only and without privileges", () => {
  const { services } = parse(read("compose.yaml"));
  const { patchwright } = services;
  expect(patchwright).toMatchObject({
    deploy: { replicas: 2 },
    read_only: true,
    cap_drop: ["ALL"],
    depends_on: { postgres: { condition: "service_healthy" } },
  });
  expect(patchwright.environment.DATABASE_URL).toMatch(
    /^postgres:\/\/patchwright:.+@postgres:5432\/patchwright$/,
  );
  expect(Number.parseInt(patchwright.stop_grace_period, 10)).toBeGreaterThan(10);
  // Only the proxy is reached from outside.
  expect(
    Object.entries(services)
      .filter(([, one]) => (one as { ports?: [] }).ports)
      .map(([name]) => name),
  ).toEqual(["proxy"]);
});

test("the replicas of compose.yaml may read and write the directory that lies over the image's", () => {
  const image = read("Dockerfile");
  const [, user, group] = /^USER (\d+):(\d+)$/m.exec(image) ?? [];
  expect(image).toContain(`mkdir -m 700 /data && chown ${user}:${group} /data`);
  const { services } = parse(read("compose.yaml"));
  expect(services.patchwright.tmpfs).toContain(`/data:uid=${user},gid=${group}`);
});
