/** Whether the doctor sees that strangers read the metrics by the public address. */
import { expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import type { Patient } from "../../src/doors/check.ts";
import { deliveryChecks } from "../../src/doors/doctor-deliveries.ts";
import { startClaude } from "../sim/claude/claude.ts";
import { startGitHub } from "../sim/github/github.ts";
import { settingsOn } from "./service.ts";

/** What is found where that address gives this answer; nothing when left out. */
async function found(publicUrl: string | undefined, answer?: Response) {
  const github = await startGitHub();
  const claude = await startClaude({ gitHosts: [github.host] });
  const config = readConfig({ ...settingsOn(github, claude), PUBLIC_URL: publicUrl });
  await Promise.all([github.stop(), claude.stop()]);
  const asked: unknown[] = [];
  const fetch: Patient["fetch"] = async (url) => {
    asked.push(url);
    if (!answer) throw new TypeError("fetch failed");
    return answer;
  };
  const check = deliveryChecks.find(({ what }) => what === "metrics");
  const finding = await check?.look({ config, fetch } as Patient);
  return { asked, ...finding };
}

const url = "https://patchwright.acme.test/";
const page = "https://patchwright.acme.test/metrics";

test("a page that answers without a password", async () => {
  expect(await found(url, new Response("patchwright_runs 0"))).toMatchObject({
    asked: [page],
    grade: "fail",
    found: `${page} answers without a password`,
    todo: expect.stringContaining("X-Forwarded-For"),
  });
});

test("a page that does not exist for strangers, and an address where nobody is", async () => {
  const closed = await found(url, new Response("", { status: 404 }));
  expect(closed).toMatchObject({ asked: [page], grade: "pass" });
  expect(await found(url)).toMatchObject({ asked: [page], grade: "warn", found: `${page} does not answer` });
});

test.each([undefined, "http://localhost:3000"])("nobody is asked at %s", async (none) => {
  expect(await found(none)).toMatchObject({ asked: [], grade: "pass" });
});
