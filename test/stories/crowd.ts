/**
 * A crowd of strangers in a public repository: they give commands, and answer a question that a run has asked
 * somebody else. What is counted is what they cost: questions to GitHub, words and reactions.
 */
import { setStage, shop } from "./stage.ts";

/** What a crowd came to. */
export interface CrowdCost {
  comments: number;
  reads: number;
  reactions: number;
  /** Everything else that was written at GitHub. */
  otherWrites: number;
  sessions: number;
  /** A writer who was heard before is heard in the middle of the crowd, and so is a collaborator who was not. */
  isWriterHeard: boolean;
  isCollaboratorHeard: boolean;
}

/** Lets a crowd speak, within one hour. */
export async function crowd({ comments }: { comments: number }): Promise<CrowdCost> {
  const stage = await setStage({ private: false });
  const { github, claude } = stage;
  try {
    stage.plays(async (agent) => {
      await agent.custom("ask_maintainer", { question: "Which?" });
    });
    const asked = stage.labelled();
    await stage.untilShown(asked, "waiting for an answer");
    const other = github.openIssue(shop, { title: "Mine", author: "mona" });
    github.comment(shop, other, { body: "/agent status", by: "mona" });
    await stage.pass(60_000);
    const before = github.log.length;
    for (let each = 0; each < comments; each += 1) {
      const by = `stranger-${each}`;
      github.addUser(by);
      if (each % 2 === 0) github.comment(shop, asked, { body: "The first one.", by });
      else github.comment(shop, other, { body: "/agent fix", by });
      if (each % 20 === 19) await stage.pass(1_000);
    }
    const calls = github.log.slice(before);
    const isRead = ({ method, route }: (typeof calls)[number]) => method === "GET" || route === "graphql";
    const isReaction = ({ route }: (typeof calls)[number]) => route.endsWith("/reactions");
    const own = github.comments(shop, other).filter(({ author }) => author === github.app.botLogin).length;
    const hears = async (by: string, more: number) => {
      github.comment(shop, other, { body: "/agent status", by });
      await stage.pass(10_000);
      return (
        github.comments(shop, other).filter(({ author }) => author === github.app.botLogin).length === more
      );
    };
    const isWriterHeard = await hears("mona", own + 1);
    const isCollaboratorHeard = await hears("rita", own + 2);
    return {
      comments,
      reads: calls.filter(isRead).length,
      reactions: calls.filter(isReaction).length,
      otherWrites: calls.filter((call) => !isRead(call) && !isReaction(call)).length,
      sessions: claude.sessions.length,
      isWriterHeard,
      isCollaboratorHeard,
    };
  } finally {
    await stage.close();
  }
}
