/**
 * Conversation comments, and reactions on issues and comments.
 */
import { z } from "zod";
import { addComment, deleteComment, editComment, react } from "./acts-issue.ts";
import {
  actorOf,
  bodyOf,
  commentOf,
  conversation,
  created,
  issueOf,
  listed,
  looks,
  noContent,
  ok,
  param,
  type Reply,
  type RepositoryCall,
  type Route,
  remarkOf,
} from "./call.ts";
import { commentJson, reactionContents, reactionJson } from "./payload-issue.ts";
import { invalid, notFound, Refusal } from "./refusal.ts";
import { bodyCharsMax } from "./routes-issue.ts";
import type { Comment, Post } from "./world.ts";

const root = "/repos/{owner}/{repo}/issues";
const onIssue = `${root}/{issue_number}`;
const oneComment = `${root}/comments/{comment_id}`;
const oneRemark = "/repos/{owner}/{repo}/pulls/comments/{comment_id}";

/** Routes of comments and reactions. */
export const commentRoutes: Route[] = [
  {
    method: "GET",
    template: `${onIssue}/comments`,
    needs: conversation("read"),
    answer: (call) => commentPage(call, issueOf(call).comments),
  },
  {
    method: "POST",
    template: `${onIssue}/comments`,
    needs: conversation("write"),
    createsContent: true,
    answer: comment,
  },
  {
    method: "GET",
    template: `${root}/comments`,
    needs: ["issues:read", "pull_requests:read"],
    answer: (call) =>
      commentPage(
        call,
        [...call.repository.issues.values()].flatMap((issue) => issue.comments),
      ),
  },
  {
    method: "GET",
    template: oneComment,
    needs: conversation("read"),
    answer: (call) => ok({ ...commentJson(call.world, commentOf(call)), ...looks(call, commentOf(call)) }),
  },
  { method: "PATCH", template: oneComment, needs: conversation("write"), createsContent: true, answer: edit },
  { method: "DELETE", template: oneComment, needs: conversation("write"), answer: remove },
  ...reactionRoutes(onIssue, issueOf, conversation),
  ...reactionRoutes(oneComment, commentOf, conversation),
  ...reactionRoutes(oneRemark, remarkOf, (level) => [`pull_requests:${level}`]),
];

function commentPage(call: RepositoryCall, comments: Comment[]): Reply {
  const since = Date.parse(call.query.get("since") ?? "1970-01-01T00:00:00Z");
  const recent = comments.filter((each) => each.updatedAt >= since);
  return listed(call, recent, (each) => commentJson(call.world, each));
}

function wordsOf(call: RepositoryCall): string {
  const { body } = bodyOf(call, z.object({ body: z.string() }));
  const flaw = { resource: "IssueComment", field: "data", code: "unprocessable" } as const;
  if (body.trim() === "") throw invalid({ ...flaw, message: "Body cannot be blank" });
  if (body.length > bodyCharsMax)
    throw invalid({ ...flaw, message: `Body is too long (maximum is ${bodyCharsMax} characters)` });
  return body;
}

function comment(call: RepositoryCall): Reply {
  const issue = issueOf(call);
  const body = wordsOf(call);
  if (issue.locked) throw new Refusal(403, "Unable to create comment because issue is locked.");
  return created(commentJson(call.world, addComment(call.world, issue, { body, actor: actorOf(call) })));
}

function edit(call: RepositoryCall): Reply {
  const held = commentOf(call);
  editComment(call.world, held, { body: wordsOf(call), actor: actorOf(call) });
  return ok(commentJson(call.world, held));
}

function remove(call: RepositoryCall): Reply {
  deleteComment(call.world, commentOf(call), actorOf(call));
  return noContent;
}

function reactionRoutes(
  subject: string,
  postOf: (call: RepositoryCall) => Post,
  needs: (level: "read" | "write") => NonNullable<Route["needs"]>,
): Route[] {
  return [
    {
      method: "GET",
      template: `${subject}/reactions`,
      needs: needs("read"),
      answer: (call) => listed(call, postOf(call).reactions, (each) => reactionJson(call.world, each)),
    },
    {
      method: "POST",
      template: `${subject}/reactions`,
      needs: needs("write"),
      answer: (call) => {
        const post = postOf(call);
        const { content } = bodyOf(call, z.object({ content: z.enum(reactionContents) }));
        const { reaction, isNew } = react(call.world, post, { content, actor: actorOf(call) });
        return { status: isNew ? 201 : 200, body: reactionJson(call.world, reaction) };
      },
    },
    {
      method: "DELETE",
      template: `${subject}/reactions/{reaction_id}`,
      needs: needs("write"),
      answer: (call) => {
        const post = postOf(call);
        const held = post.reactions.find((each) => each.id === Number(param(call, "reaction_id")));
        if (!held) throw notFound();
        if (held.user.id !== call.world.app.bot.id)
          throw new Refusal(403, "Resource not accessible by integration");
        post.reactions = post.reactions.filter((each) => each !== held);
        return noContent;
      },
    },
  ];
}
