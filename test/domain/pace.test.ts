/** Counting in slots: never more within a span than its rule allows, and close to it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bucket, counted, roomAt, roomFor } from "../../src/domain/pace.ts";

const bucket: Bucket = {
  slotMs: 1_000,
  rules: [
    { spanMs: 10_000, max: 5 },
    { spanMs: 60_000, max: 12 },
  ],
};
const one = (now: number, share = 1) => ({ now, count: 1, share });

test("a rule leaves room again when its span and a slot have gone by", () => {
  let counts = counted([], bucket, { now: 500, count: 5 });
  expect(roomFor(counts, bucket, one(11_999))).toBe(0);
  expect(roomAt(counts, bucket, { now: 600, share: 1, ahead: 0 })).toBe(12_000);
  expect(roomFor(counts, bucket, one(12_000))).toBe(1);
  counts = counted(counted(counts, bucket, { now: 12_000, count: 5 }), bucket, { now: 24_000, count: 2 });
  expect(roomAt(counts, bucket, { now: 24_000, share: 1, ahead: 0 })).toBe(62_000);
  expect(counted(counts, bucket, { now: 200_000, count: 0 })).toEqual([]);
});

test("a share leaves the rest to others", () => {
  const counts = counted([], bucket, { now: 0, count: 2 });
  expect(roomFor(counts, bucket, { now: 0, count: 9, share: 0.5 })).toBe(0);
  expect(roomFor(counts, bucket, { now: 0, count: 9, share: 1 })).toBe(3);
});

test("those who wait are told different times, each with room when it comes", () => {
  const counts = counted([], bucket, { now: 0, count: 5 });
  const times = [0, 1, 4, 5].map((ahead) => roomAt(counts, bucket, { now: 0, share: 1, ahead }));
  expect(times).toEqual([12_000, 12_000, 12_000, 22_000]);
});

const waits = fc.array(
  fc.record({ gap: fc.integer({ min: 0, max: 4_000 }), late: fc.integer({ min: 0, max: 999 }) }),
  {
    minLength: 40,
    maxLength: 60,
  },
);

test("whoever calls whenever there is room exceeds no rule, though calls arrive up to a slot late", () => {
  fc.assert(
    fc.property(waits, (steps) => {
      let counts: number[] = [];
      let now = 0;
      const arrived: number[] = [];
      for (const { gap, late } of steps) {
        now += gap;
        if (roomFor(counts, bucket, one(now)) === 0) continue;
        counts = counted(counts, bucket, { now, count: 1 });
        arrived.push(now + late);
      }
      const most = ({ spanMs }: { spanMs: number }) =>
        Math.max(...arrived.map((end) => arrived.filter((at) => at > end - spanMs && at <= end).length));
      for (const rule of bucket.rules) expect(most(rule)).toBeLessThanOrEqual(rule.max);
    }),
    { endOnFailure: true },
  );
});

test("there is room at the time that is told, if nobody else comes", () => {
  fc.assert(
    fc.property(waits, (steps) => {
      let counts: number[] = [];
      let now = 0;
      for (const { gap } of steps) {
        now += gap;
        const count = roomFor(counts, bucket, one(now));
        if (count > 0) counts = counted(counts, bucket, { now, count });
        const at = roomAt(counts, bucket, { now, share: 1, ahead: 0 });
        expect(roomFor(counts, bucket, one(at))).toBe(1);
      }
    }),
    { endOnFailure: true },
  );
});
