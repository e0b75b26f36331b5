/** What no story with one process shows, each once. */
import { expect, test, vi } from "vitest";
import { rivals } from "./rivals.ts";

vi.mock("../sim/program.ts", () => import("./git/program.ts"));

test.each(Object.entries(rivals))("%s: nothing is wrong", async (_name, check) => {
  expect(await check()).toEqual([]);
});
