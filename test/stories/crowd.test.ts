/** A crowd of strangers costs little, moves nothing, and drowns nobody who was heard before. */
import { expect, test } from "vitest";
import { says, transcript } from "./conversation.ts";
import { crowd } from "./crowd.ts";
import { setStage, shop } from "./stage.ts";

test("hundreds of strangers cost at most a hundred questions and twenty reactions", async () => {
  const cost = await crowd({ comments: 240 });
  expect(cost).toMatchObject({ otherWrites: 0, sessions: 1, isWriterHeard: true, isCollaboratorHeard: true });
  expect(cost.reads).toBeLessThanOrEqual(100);
  expect(cost.reactions).toBeLessThanOrEqual(20);
}, 300_000);

test.each(["who asked for the run", "who spoke to it"])(
  "%s is heard in the middle of a crowd, although their membership is private and the server began anew",
  async (who) => {
    const stage = await setStage({ private: false });
    try {
      stage.plays((agent) => agent.wait(30 * 60_000));
      stage.github.addPrivateMember("wanda");
      stage.github.setRole(shop, "wanda", "write");
      const issue = stage.labelled({ by: who === "who spoke to it" ? "mona" : "wanda" });
      await stage.pass(60_000);
      if (who === "who spoke to it") await says(stage, issue, "/agent fix use tabs", "wanda");
      await stage.restart();
      for (let each = 0; each < 100; each += 1) {
        stage.github.addUser(`stranger-${each}`);
        stage.github.comment(shop, issue, { body: "/agent fix", by: `stranger-${each}` });
        if (each % 20 === 19) await stage.pass(1_000);
      }
      await says(stage, issue, "/agent stop", "wanda");
      expect(stage.headline(issue)).toContain("**stopped**");
      stage.github.addPrivateMember("walter");
      stage.github.setRole(shop, "walter", "write");
      const before = transcript(stage, issue).length;
      await says(stage, issue, "/agent status", "walter");
      // Of whom nobody knows anything there is the comment alone.
      expect(transcript(stage, issue)).toHaveLength(before + 1);
    } finally {
      await stage.close();
    }
  },
  120_000,
);
