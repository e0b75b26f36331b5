/** Where the doctor asks for the service that has the store. */
import { expect, test } from "vitest";
import { lookAtStore } from "../../src/doors/doctor-store.ts";

test.each([
  ["::1", "[::1]"],
  ["::", "[::1]"],
  ["0.0.0.0", "127.0.0.1"],
])("a service that listens on %s is asked at %s", async (host, address) => {
  const asked: string[] = [];
  const heard = async (url: unknown) => {
    asked.push(String(url));
    return new Response("ready");
  };
  const open = () => Promise.reject(new Error("not to be opened"));
  const config = { server: { host, port: 3_000 }, store: { dataDir: "nowhere" } };
  await expect(lookAtStore(config, { fetch: heard, open })).resolves.toMatchObject({
    grade: "pass",
    found: expect.stringContaining("running service"),
  });
  expect(asked).toEqual([`http://${address}:3000/readyz`]);
});
