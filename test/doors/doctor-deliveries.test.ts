/** When the doctor takes the App's webhook URL for the one below the public address. */
import { expect, test } from "vitest";
import type { Patient } from "../../src/doors/check.ts";
import { deliveryChecks } from "../../src/doors/doctor-deliveries.ts";

/** What is found where the App's deliveries go to `hook`, and Patchwright answers everywhere. */
async function found(hook: string, publicUrl: string) {
  const getWebhookConfigForApp = async () => ({ data: { url: hook } });
  const github = { app: { rest: { apps: { getWebhookConfigForApp } } } };
  const fetch = async () => new Response("use POST", { status: 405, headers: { allow: "POST" } });
  const patient: unknown = { config: { server: { publicUrl } }, github, fetch };
  return deliveryChecks.find(({ what }) => what === "webhook address")?.look(patient as Patient);
}

const publicUrl = "https://patchwright.acme.test";

test.each([
  "https://patchwright.acme.test/api/github/webhooks",
  "https://Patchwright.ACME.test/api/github/webhooks",
  "https://patchwright.acme.test:443/api/github/webhooks",
])("%s is below it", async (hook) => {
  expect(await found(hook, publicUrl)).toMatchObject({ grade: "pass" });
});

test.each([
  "http://patchwright.acme.test/api/github/webhooks",
  "https://patchwright.acme.test:8443/api/github/webhooks",
  "https://patchwright.acme.test/api/github/webhooks?a=b",
])("%s is not", async (hook) => {
  expect(await found(hook, publicUrl)).toMatchObject({
    grade: "fail",
    found: `${hook} is not below PUBLIC_URL`,
  });
});
