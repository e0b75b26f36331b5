/** The times of a token: worked examples, and laws that hold for tokens of any life. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lifeMs, replaceAt, revokeRetiredAt, usable } from "../../src/domain/rotation.ts";

const minute = 60_000;
const hour = { mintedAt: 1_000_000, expiresAt: 1_000_000 + 60 * minute };
const seconds = { mintedAt: 0, expiresAt: 8_000 };

describe("worked examples", () => {
  test("a token of an hour is due after 39 minutes", () => {
    expect(replaceAt(hour) - hour.mintedAt).toBe(39 * minute);
  });

  test("a token of eight seconds is due after 5.2 seconds", () => {
    expect(replaceAt(seconds)).toBe(5_200);
  });

  test("a retired token of an hour goes after a minute, one of eight seconds after 0.8 seconds", () => {
    expect(revokeRetiredAt({ retiredAt: 10, lifeMs: lifeMs(hour) })).toBe(10 + minute);
    expect(revokeRetiredAt({ retiredAt: 10, lifeMs: lifeMs(seconds) })).toBe(810);
  });

  test("a token is dead exactly at its expiry", () => {
    expect(usable(seconds, 7_999)).toBe(true);
    expect(usable(seconds, 8_000)).toBe(false);
  });

  test("where our clock is ahead of GitHub's, a token is due at once and nothing is negative", () => {
    const late = { mintedAt: 5_000, expiresAt: 4_000 };
    expect(lifeMs(late)).toBe(0);
    expect(replaceAt(late)).toBe(4_000);
    expect(revokeRetiredAt({ retiredAt: 7, lifeMs: -1 })).toBe(7);
  });
});

describe("laws", () => {
  const token = fc
    .record({
      mintedAt: fc.integer({ min: 0, max: 2e12 }),
      life: fc.integer({ min: 1_000, max: 86_400_000 }),
    })
    .map(({ mintedAt, life }) => ({ mintedAt, expiresAt: mintedAt + life }));

  test("it is due while it lives, before a quarter of its life is left, and not in its first half", () => {
    fc.assert(
      fc.property(token, (life) => {
        const at = replaceAt(life);
        expect(usable(life, at)).toBe(true);
        expect(life.expiresAt - at).toBeGreaterThan(lifeMs(life) / 4);
        expect(at - life.mintedAt).toBeGreaterThan(lifeMs(life) / 2);
      }),
    );
  });

  test("a successor minted when it is due can be handed over and the retired one revoked before that one is due", () => {
    fc.assert(
      fc.property(token, (life) => {
        const retiredAt = replaceAt(life);
        const successor = { mintedAt: retiredAt, expiresAt: retiredAt + lifeMs(life) };
        expect(revokeRetiredAt({ retiredAt, lifeMs: lifeMs(life) })).toBeLessThan(replaceAt(successor));
      }),
    );
  });

  test("the grace is at least a tenth of the life or a minute, whichever is less", () => {
    fc.assert(
      fc.property(token, (life) => {
        const graceMs = revokeRetiredAt({ retiredAt: 0, lifeMs: lifeMs(life) });
        expect(graceMs).toBeGreaterThanOrEqual(Math.min(minute, lifeMs(life) / 10));
        expect(graceMs).toBeLessThanOrEqual(minute);
      }),
    );
  });
});
