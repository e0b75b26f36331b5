/**
 * Whose turn it is when more rounds want to work than an installation may have at work: the oldest first, but no
 * repository before its share. Pure order over rows; who keeps the rows and wakes whom is decided elsewhere.
 *
 * A repository's share is what evenly many places come to: the repository with the fewest rounds at work goes
 * first, between equals the one whose turn came round least often, and then the oldest. One place is kept for a
 * repository that has none at work, so that a lone label beside another repository's backlog does not wait for
 * one of the backlog's runs to end.
 */

/** A round that waits. Tickets grow with the order in which rounds asked. */
export interface Waiting {
  repository: number;
  ticket: number;
  /** How often the turn has to come round to its repository until it is this one's. */
  lap: number;
  /** The most rounds at work in the installation that this round's settings allow. */
  most: number;
}

/** Rounds at work, by repository. */
export type AtWork = ReadonlyMap<number, number>;

/** With fewer places than this none is kept back: it would be too large a part of them. */
const keptBackFrom = 10;

/** May a round begin beside `atWork` rounds of its installation, of which `ofRepository` are its own repository's? */
function hasRoom(most: number, { atWork, ofRepository }: { atWork: number; ofRepository: number }): boolean {
  const keptBack = ofRepository > 0 && most >= keptBackFrom ? 1 : 0;
  return atWork < most - keptBack;
}

/**
 * The round whose turn it is; undefined when nobody's is. `heads` holds the oldest round of each repository:
 * within a repository nobody overtakes.
 */
export function nextInTurn<W extends Waiting>(heads: readonly W[], atWork: AtWork): W | undefined {
  const total = [...atWork.values()].reduce((sum, count) => sum + count, 0);
  const own = ({ repository }: W) => atWork.get(repository) ?? 0;
  const free = heads.filter((head) => hasRoom(head.most, { atWork: total, ofRepository: own(head) }));
  return free.toSorted((a, b) => own(a) - own(b) || a.lap - b.lap || a.ticket - b.ticket)[0];
}

/**
 * The lap of a round that begins to wait: behind those of its own repository, and one after the round that was let
 * in last (`lap`), so that whoever comes late waits for one round of each other repository and not for all.
 */
export function lapOf(lap: number, ofOwnRepository: number | undefined): number {
  return Math.max(lap, ofOwnRepository ?? 0) + 1;
}

/** How many rounds go before the one with `ticket`, itself included: 1 is the next. Undefined when it does not wait. */
export function placeInQueue(
  waiting: readonly Omit<Waiting, "most">[],
  atWork: AtWork,
  ticket: number,
): number | undefined {
  const ahead = new Map(atWork);
  const inTurn = waiting
    .toSorted((a, b) => a.ticket - b.ticket)
    .map(({ repository, lap, ticket: own }) => {
      const level = ahead.get(repository) ?? 0;
      ahead.set(repository, level + 1);
      return { level, lap, own };
    })
    .toSorted((a, b) => a.level - b.level || a.lap - b.lap || a.own - b.own);
  const at = inTurn.findIndex(({ own }) => own === ticket);
  return at < 0 ? undefined : at + 1;
}
