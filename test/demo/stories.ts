/**
 * The stories of the demonstration: each is one file `story-NAME.ts` here that exports `story`, and a new one
 * is played as soon as its file is there.
 */
import { readdirSync } from "node:fs";
import type { Story } from "./story.ts";

/** Names of all stories, `main` first. */
export function storyNames(): string[] {
  const names = readdirSync(import.meta.dirname).flatMap((file) => /^story-(.+)\.ts$/.exec(file)?.[1] ?? []);
  return names.toSorted((a, b) => Number(b === "main") - Number(a === "main") || a.localeCompare(b));
}

/** The story of that name; undefined when there is none. */
export async function storyNamed(name: string): Promise<Story | undefined> {
  if (!storyNames().includes(name)) return undefined;
  const { story } = (await import(`./story-${name}.ts`)) as { story: Story };
  return story;
}
