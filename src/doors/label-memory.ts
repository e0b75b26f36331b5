/**
 * Labels that have nothing to do with us, known at the door: most of an organisation's labellings are such, and
 * a thousand at once are told apart without a look at the store for each. What is remembered is a few seconds
 * old at most, because another replica may have heard of a push that changes it; whoever is not sure leaves the
 * question to the intake.
 */
import type { Clock } from "../clock.ts";
import { labelOf } from "../domain/settings.ts";
import type { Where } from "../github/settings-files.ts";
import { labelsStaleMs, type Rulebook, triggerLabels } from "../mission/rulebook.ts";

/** What the door remembers of labels. */
export interface LabelMemory {
  /** Is it surely no label that starts a run there? Asks nobody; where it is not known, it will be soon. */
  isForeign(labelled: { place: Where; label: string }): boolean;
  /** Settings may have changed: nothing that was learnt before is sure any more. */
  forget(): void;
}

const keptMs = 5_000;
/** Asked about a label when less than this is left, a memory is renewed, so that a burst never finds it lapsed. */
const renewMs = 3_000;
const repositoriesMax = 1_000;

/** A memory that learns from the rulebook. */
export function createLabelMemory(parts: { rulebook: Pick<Rulebook, "at">; clock: Clock }): LabelMemory {
  const { rulebook, clock } = parts;
  let known = new Map<number, { of: ReturnType<typeof triggerLabels>; until: number }>();
  const learning = new Set<number>();
  const learn = async (place: Where) => {
    const [id, into] = [place.repositoryId, known];
    if (learning.has(id)) return;
    learning.add(id);
    try {
      const of = triggerLabels(await rulebook.at(place, { staleMs: labelsStaleMs }));
      // Into the memory as it was when the question was asked: a push since then has put that one away.
      into.delete(id);
      into.set(id, { of, until: clock.now() + keptMs });
      const oldest = into.keys().next();
      if (into.size > repositoriesMax && !oldest.done) into.delete(oldest.value);
    } catch {
      // The intake asks again, and says what is in the way.
    } finally {
      learning.delete(id);
    }
  };
  return {
    isForeign: ({ place, label }) => {
      const kept = known.get(place.repositoryId);
      const leftMs = kept ? kept.until - clock.now() : 0;
      if (leftMs < renewMs) void learn(place);
      return kept !== undefined && leftMs > 0 && labelOf(kept.of, label) === undefined;
    },
    forget: () => {
      known = new Map();
    },
  };
}
