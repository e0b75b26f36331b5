/**
 * Who may, by GitHub's word and the rules in force: asked before anything is started or steered, and again
 * before a run that waited begins and before held work is let through. An answer serves for a minute; no
 * answer is no. It tells nobody.
 */

import { isProblem } from "../domain/errors.ts";
import { type ListedBot, may, type Permission, type Role, type Sender } from "../domain/permission.ts";
import type { Person } from "../domain/run.ts";
import type { GitHub } from "../github/client.ts";
import type { Repositories } from "../github/repository.ts";
import type { Where } from "../github/settings-files.ts";
import { type Rulebook, settingsBy } from "./rulebook.ts";

/** Somebody who asks for something, and the least role for it; the settings' `who` when left out. */
export interface Asked {
  where: Where;
  sender: Person;
  /** The App through which a person acted, where the delivery says so. */
  viaApp?: { id: number; slug: string } | undefined;
  who?: Role | undefined;
}

/** Decides who may. */
export interface Permits {
  decide(asked: Asked): Promise<Permission>;
}

/** Permits by GitHub's word. */
export function createPermits(parts: {
  github: GitHub;
  repositories: Repositories;
  rulebook: Rulebook;
}): Permits {
  const { github, repositories, rulebook } = parts;
  return {
    decide: async ({ where, sender, viaApp, who }) => {
      const { appId, botId } = await github.self(where.installation);
      const own = { appId, botId };
      const asking: Sender = { id: sender.id, type: sender.type, ...(viaApp ? { viaApp } : {}) };
      // Nobody has to be asked about ourselves.
      if (sender.id === botId) return may({ sender: asking, answer: undefined, who: "write", bots: [], own });
      if (sender.type === "User" && !viaApp) {
        // Where a role is named, the settings have nothing to say about a person.
        const needed = who ?? settingsBy(await rulebook.at(where)).settings.who;
        const answer = await repositories.permission(where, sender).catch(unanswered);
        return may({ sender: asking, answer, who: needed, bots: [], own });
      }
      const { settings } = settingsBy(await rulebook.at(where));
      const bots = await listed(repositories, where, { sender, viaApp, slugs: settings.bots });
      return may({ sender: asking, answer: undefined, who: who ?? settings.who, bots, own });
    },
  };
}

/** A no to the question is no answer, which counts as no permission; *later* is asked again. */
function unanswered(error: unknown): undefined {
  if (!isProblem(error) || error.kind === "later") throw error;
  return undefined;
}

/** The listed App that this sender may be. Its bot's number is asked only where the name could be right. */
async function listed(
  repositories: Repositories,
  where: Where,
  { sender, viaApp, slugs }: Pick<Asked, "sender" | "viaApp"> & { slugs: string[] },
): Promise<ListedBot[]> {
  const name = (viaApp ? viaApp.slug : sender.login.replace(/\[bot\]$/, "")).toLowerCase();
  const slug = slugs.find((one) => one.toLowerCase() === name);
  if (slug === undefined) return [];
  if (viaApp) return [{ slug, botId: 0 }];
  const botId = await repositories.botId(where, slug);
  return botId === undefined ? [] : [{ slug, botId }];
}
