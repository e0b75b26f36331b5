/** Where the doctor asks for the service that has the store. */
import { expect, test } from "vitest";
import { lookAtStore } from "../../src/doors/doctor-store.ts";

const hooks = "/api/github/webhooks";
const ours = () => new Response("use POST", { status: 405, headers: { allow: "POST" } });

test.each([
  ["::1", "[::1]"],
  ["::", "[::1]"],
  ["0.0.0.0", "127.0.0.1"],
])("a service that listens on %s is asked at %s", async (host, address) => {
  const asked: string[] = [];
  const heard = async (url: unknown) => {
    asked.push(String(url));
    return String(url).endsWith("/readyz") ? new Response("ready") : ours();
  };
  const open = () => Promise.reject(new Error("not to be opened"));
  const config = { server: { host, port: 3_000 }, store: { dataDir: "nowhere" } };
  await expect(lookAtStore(config, { fetch: heard, open })).resolves.toMatchObject({
    grade: "pass",
    found: expect.stringContaining("running service"),
  });
  expect(asked).toEqual([`http://${address}:3000${hooks}`, `http://${address}:3000/readyz`]);
});

const server = { host: "127.0.0.1", port: 3_000 };
const store = { dataDir: "/dev/null/data" };
const open = () => Promise.reject(new Error("not to be opened"));

test.each([
  ["ready", 200],
  ["Another program", 503],
])("another program on the port that says %j is not taken for the service", async (text, status) => {
  const fetch = async (url: unknown) =>
    String(url).endsWith("/readyz") ? new Response(text, { status }) : new Response("", { status: 404 });
  await expect(lookAtStore({ server, store }, { fetch, open })).rejects.toThrow(/cannot be written/);
});

test("why the service is not ready is told in one line without a terminal's commands", async () => {
  const reason = `\u001b[31mthe store\ndoes not answer ${"x".repeat(300)}`;
  const fetch = async (url: unknown) =>
    String(url).endsWith("/readyz") ? new Response(reason, { status: 503 }) : ours();
  const told = await lookAtStore({ server, store }, { fetch, open }).catch((error: Error) => error.message);
  expect(told).toMatch(/^the running service is not ready: \S*the store does not answer x+…$/);
  expect(told).not.toContain("\u001b");
});
