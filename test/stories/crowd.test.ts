/** A crowd of strangers costs little, moves nothing, and drowns nobody who was heard before. */
import { expect, test } from "vitest";
import { crowd } from "./crowd.ts";

test("hundreds of strangers cost at most a hundred questions and twenty reactions", async () => {
  const cost = await crowd({ comments: 240 });
  expect(cost).toMatchObject({ otherWrites: 0, sessions: 1, isWriterHeard: true, isCollaboratorHeard: true });
  expect(cost.reads).toBeLessThanOrEqual(100);
  expect(cost.reactions).toBeLessThanOrEqual(20);
}, 300_000);
