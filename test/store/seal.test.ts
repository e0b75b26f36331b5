/** Sealed tokens: they open for their own row and nobody else's, and every change is noticed. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "../../src/domain/secret.ts";
import { sealKeyFrom, sealWith } from "../../src/store/seal.ts";

const row = { runId: "r1", resource: "acme/shop", tokenId: "t1" };
const key = (fill: number) => new Uint8Array(32).fill(fill);

test("what was sealed opens for its row and does not show", () => {
  const { seal, open } = sealWith([key(1)], randomBytes);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const sealed = seal(new Secret(text), row);
      expect(open(sealed, row)?.reveal()).toBe(text);
    }),
  );
  expect(seal(new Secret("ghs_visible"), row)).not.toContain(
    Buffer.from("ghs_visible").toString("base64url"),
  );
});

test("the same token sealed twice differs: the nonce is fresh", () => {
  const { seal } = sealWith([key(1)], randomBytes);
  expect(seal(new Secret("a"), row)).not.toBe(seal(new Secret("a"), row));
});

test("moved to another row, changed by a bit or cut short, it does not open", () => {
  const { seal, open } = sealWith([key(1)], randomBytes);
  const sealed = seal(new Secret("ghs_token"), row);
  expect(open(sealed, { ...row, runId: "r2" })).toBeUndefined();
  expect(open(sealed, { ...row, resource: "acme/other" })).toBeUndefined();
  expect(open(sealed, { ...row, tokenId: "t2" })).toBeUndefined();
  const bytes = Buffer.from(sealed, "base64url");
  for (let place = 0; place < bytes.length; place += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8((bytes[place] ?? 0) ^ 1, place);
    expect(open(changed.toString("base64url"), row)).toBeUndefined();
    expect(open(bytes.subarray(0, place).toString("base64url"), row)).toBeUndefined();
  }
});

test("the first key seals, all open, an unknown one does not", () => {
  const old = sealWith([key(1)], randomBytes).seal(new Secret("old"), row);
  const rotating = sealWith([key(2), key(1)], randomBytes);
  const fresh = rotating.seal(new Secret("fresh"), row);
  expect(rotating.open(old, row)?.reveal()).toBe("old");
  expect(
    sealWith([key(2)], randomBytes)
      .open(fresh, row)
      ?.reveal(),
  ).toBe("fresh");
  expect(sealWith([key(2)], randomBytes).open(old, row)).toBeUndefined();
  expect([rotating.isFirst(old, row), rotating.isFirst(fresh, row)]).toEqual([false, true]);
  expect(rotating.isFirst(fresh, { ...row, tokenId: "t2" })).toBe(false);
});

test("keys of another length are refused", () => {
  for (const keys of [[], [new Uint8Array(16)], [key(1), new Uint8Array(31)]]) {
    expect(() => sealWith(keys, randomBytes)).toThrow(expect.objectContaining({ code: "seal_key_unusable" }));
  }
});

test("the default key is the same for every spelling of the App's key", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const spellings = (["pkcs1", "pkcs8"] as const).map((type) =>
    String(privateKey.export({ type, format: "pem" })),
  );
  const keys = [...spellings, spellings[0]?.replaceAll("\n", "\r\n") ?? ""].map((pem) =>
    sealKeyFrom(new Secret(pem)),
  );
  expect(keys[0]).toHaveLength(32);
  expect(keys[1]).toEqual(keys[0]);
  expect(keys[2]).toEqual(keys[0]);
  expect(() => sealKeyFrom(new Secret("no key"))).toThrow(
    expect.objectContaining({ code: "private_key_unusable" }),
  );
});
