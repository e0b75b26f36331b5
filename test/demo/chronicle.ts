/**
 * Watches what the simulators write down and tells what is new, in the order in which it happened.
 */
import type { ClaudeSim } from "../sim/claude/claude.ts";
import * as claudeNews from "./claude-news.ts";
import * as githubNews from "./github-news.ts";
import type { Scene } from "./scene.ts";
import type { Teller, Words } from "./teller.ts";

interface News {
  at: number;
  words: Words | undefined;
}

/** Tells what has happened in the scene since the last call; each thing once, when it is over. */
export function createChronicle({ github, claude }: Scene, teller: Teller): () => void {
  const told = new WeakSet<object>();
  const fresh = <T extends object>(items: readonly T[], isOver: (item: T) => boolean): T[] => {
    const some = items.filter((item) => !told.has(item) && isOver(item));
    for (const item of some) told.add(item);
    return some;
  };
  const isFirst = ({ sessionId, repository, at }: ClaudeSim["gitOperations"][number]) =>
    !claude.gitOperations.some(
      (other) => other.sessionId === sessionId && other.repository === repository && other.at < at,
    );
  const answered = ({ status }: { status: number }) => status !== 0;
  const gather = (): News[] => [
    ...fresh(github.deliveries, ({ statusCode }) => statusCode !== 0).map((delivery) => ({
      at: delivery.at,
      words: githubNews.deliveryNews(delivery),
    })),
    ...fresh(github.log, answered).map((request) => ({
      at: request.at,
      words: githubNews.requestNews(request, github),
    })),
    ...fresh(claude.log, answered).map((request) => ({
      at: request.at,
      words: claudeNews.requestNews(request, claude),
    })),
    ...claude.sessions.flatMap(({ log }) =>
      fresh(log, () => true).map((event) => ({
        at: "processed_at" in event ? Date.parse(event.processed_at ?? "") : 0,
        words: claudeNews.eventNews(event, log),
      })),
    ),
    ...fresh(claude.gitOperations, answered).map((operation) => ({
      at: operation.at,
      words: claudeNews.gitNews(operation, isFirst(operation)),
    })),
  ];
  return () => {
    for (const { words } of gather().toSorted((a, b) => a.at - b.at)) if (words) teller.tell(words);
  };
}
