/** Whose turn it is: examples, and what holds for every queue. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { lapOf, nextInTurn, placeInQueue, type Waiting } from "../../src/domain/queue.ts";

const waiting = (repository: number, ticket: number, most = 25): Waiting => ({
  repository,
  ticket,
  lap: 1,
  most,
});
const heads = (queue: readonly Waiting[]) =>
  [...new Set(queue.map(({ repository }) => repository))].flatMap(
    (repository) =>
      queue
        .filter((one) => one.repository === repository)
        .toSorted((a, b) => a.ticket - b.ticket)
        .slice(0, 1) as Waiting[],
  );
const next = (queue: readonly Waiting[], atWork: Map<number, number>) => nextInTurn(heads(queue), atWork);

test("the oldest goes first, but no repository before its share", () => {
  expect(next([waiting(1, 2), waiting(1, 1)], new Map())).toMatchObject({ ticket: 1 });
  expect(next([waiting(1, 1), waiting(2, 9)], new Map([[1, 3]]))).toMatchObject({ ticket: 9 });
  expect(
    next(
      [waiting(1, 1), waiting(2, 9)],
      new Map([
        [1, 3],
        [2, 3],
      ]),
    ),
  ).toMatchObject({ ticket: 1 });
});

test("between repositories with as many at work the turn goes round", () => {
  const queue = [
    { ...waiting(1, 1), lap: 2 },
    { ...waiting(2, 9), lap: 1 },
  ];
  expect(next(queue, new Map())).toMatchObject({ ticket: 9 });
  expect([lapOf(3, undefined), lapOf(3, 7)]).toEqual([4, 8]);
});

test("no more are at work than the settings allow", () => {
  expect(next([waiting(1, 1, 2)], new Map([[2, 2]]))).toBeUndefined();
  expect(next([waiting(1, 1, 2)], new Map([[1, 1]]))).toMatchObject({ ticket: 1 });
});

test("the last of many places is kept for a repository that has none", () => {
  expect(next([waiting(1, 1, 10)], new Map([[1, 9]]))).toBeUndefined();
  expect(next([waiting(1, 1, 10), waiting(2, 2, 10)], new Map([[1, 9]]))).toMatchObject({ ticket: 2 });
  expect(next([waiting(1, 1, 9)], new Map([[1, 8]]))).toMatchObject({ ticket: 1 });
});

test("a round whose settings allow less holds up its own repository alone", () => {
  const queue = [waiting(1, 1, 2), waiting(2, 2, 25)];
  expect(next(queue, new Map([[3, 2]]))).toMatchObject({ ticket: 2 });
});

function asks(
  queue: readonly Waiting[],
  { repository, at, lap = 0 }: { repository: number; at: number; lap?: number },
) {
  const own = queue.filter((one) => one.repository === repository).map((one) => one.lap);
  return { ...waiting(repository, at + 1), lap: lapOf(lap, own.length > 0 ? Math.max(...own) : undefined) };
}

/** Queues as they come about: each round asks after those before it. */
const queues = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 40 })
  .map((repositories) => {
    const queue: Waiting[] = [];
    for (const [at, repository] of repositories.entries()) queue.push(asks(queue, { repository, at }));
    return queue;
  });
const busy = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 4 })))
  .map((all) => new Map(all));

test("the place in the queue is how many are let in until it is one's turn", () => {
  fc.assert(
    fc.property(queues, busy, (queue, atWork) => {
      const roomy = queue.map((one) => ({ ...one, most: 1_000 }));
      const order: number[] = [];
      const now = new Map(atWork);
      for (let rest: Waiting[] = roomy; rest.length > 0; ) {
        const first = next(rest, now);
        if (!first) throw new Error("nobody's turn");
        order.push(first.ticket);
        now.set(first.repository, (now.get(first.repository) ?? 0) + 1);
        rest = rest.filter((one) => one !== first);
      }
      expect(order.map((ticket) => placeInQueue(roomy, atWork, ticket))).toEqual(
        order.map((_, at) => at + 1),
      );
    }),
  );
});

test("nobody of a repository overtakes, and nobody with more at work goes before one with less", () => {
  fc.assert(
    fc.property(queues, busy, (queue, atWork) => {
      const first = next(queue, atWork);
      if (!first) return;
      const level = ({ repository }: Waiting) => atWork.get(repository) ?? 0;
      for (const other of queue) {
        if (other.repository === first.repository) expect(other.ticket).toBeGreaterThanOrEqual(first.ticket);
        else expect(level(first)).toBeLessThanOrEqual(level(other));
      }
    }),
  );
});

test("whatever ends when, everybody's turn comes, and who comes late waits for two of each other repository at most", () => {
  fc.assert(
    fc.property(queues, fc.array(fc.nat(), { minLength: 200, maxLength: 200 }), (backlog, ends) => {
      let queue: Waiting[] = backlog.map((one) => ({ ...one, most: 4 }));
      const atWork: number[] = [];
      let [lap, before, late]: [number, number, Waiting | undefined] = [0, 0, undefined];
      for (const end of ends) {
        const counts = new Map(atWork.map((one) => [one, atWork.filter((other) => other === one).length]));
        const first = next(queue, counts);
        if (first) {
          queue = queue.filter((one) => one !== first);
          atWork.push(first.repository);
          lap = Math.max(lap, first.lap);
          if (late && queue.includes(late)) before += 1;
        } else atWork.splice(end % atWork.length, 1);
        if (!late && atWork.length > 0) {
          late = { ...asks(queue, { repository: 99, at: 1_000, lap }), most: 4 };
          queue.push(late);
        }
        if (queue.length === 0) break;
      }
      expect(queue).toEqual([]);
      expect(before).toBeLessThanOrEqual(2 * new Set(backlog.map(({ repository }) => repository)).size);
    }),
  );
});
