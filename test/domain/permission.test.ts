/** Who may: every answer of GitHub against every role asked for, and every kind of sender. */
import { describe, expect, test } from "vitest";
import {
  type Asking,
  atLeast,
  levelOf,
  may,
  type PermissionAnswer,
  roles,
} from "../../src/domain/permission.ts";

const own = { appId: 11, botId: 12 };
const person = { id: 1, type: "User" };
const answered = (permission: string, roleName = permission): PermissionAnswer => ({
  permission,
  role_name: roleName,
});
const ask = (given: Partial<Asking>) =>
  may({ sender: person, answer: answered("write"), who: "write", bots: [], own, ...given });

describe("the level GitHub's answer stands for", () => {
  test.each([
    ["admin", "admin", "admin"],
    ["write", "maintain", "maintain"],
    ["write", "write", "write"],
    ["read", "triage", "triage"],
    ["read", "read", "read"],
    ["none", "none", "none"],
    // Custom roles count as the legacy word.
    ["admin", "release-captain", "admin"],
    ["write", "release-captain", "write"],
    ["read", "security-reader", "read"],
    ["none", "visitor", "none"],
    // Answers that contradict themselves count as less.
    ["read", "admin", "triage"],
    ["none", "admin", "none"],
    ["admin", "read", "read"],
    ["write", "Maintain", "write"],
    ["owner", "admin", "none"],
    ["constructor", "admin", "none"],
    ["", "", "none"],
  ])("permission %j with role %j is %j", (permission, role, level) => {
    expect(levelOf(answered(permission, role))).toBe(level);
  });

  test("no answer is none", () => {
    expect(levelOf(undefined)).toBe("none");
  });
});

describe("a person", () => {
  const ladder = [
    answered("none"),
    answered("read"),
    answered("read", "triage"),
    answered("write"),
    answered("write", "maintain"),
    answered("admin"),
  ];

  test.each(
    ladder.flatMap((answer, height) => roles.map((who, at) => [answer, who, height >= at + 2] as const)),
  )("%o asked for %s: %s", (answer, who, allowed) => {
    const decision = ask({ answer, who });
    expect(decision.kind).toBe(allowed ? "allowed" : "refused");
    if (decision.kind === "refused") {
      expect(decision).toMatchObject({ code: "role_too_low", needs: who, has: levelOf(answer) });
      expect(decision.words).toContain(`\`${who}\``);
    }
  });

  test("is refused when GitHub could not be asked", () => {
    expect(ask({ answer: undefined, who: "triage" })).toMatchObject({ kind: "refused", code: "unanswered" });
  });
});

describe("apps and other accounts", () => {
  const bots = [{ slug: "release-bot", botId: 77 }];
  const bot = { id: 77, type: "Bot" };
  const admin = answered("admin");

  test.each([
    ["a listed bot counts as write", { sender: bot, bots }, "write"],
    ["a listed bot needs no answer", { sender: bot, bots, answer: undefined }, "write"],
    [
      "a person through a listed App counts as it",
      { sender: { ...person, viaApp: { id: 5, slug: "Release-Bot" } }, bots },
      "write",
    ],
  ])("%s", (_, given, has) => {
    expect(ask(given)).toEqual({ kind: "allowed", has });
  });

  test.each([
    [
      "our own bot, though listed",
      { sender: { id: 12, type: "Bot" }, bots: [{ slug: "us", botId: 12 }] },
      "own_bot",
    ],
    [
      "a person through our own App",
      { sender: { ...person, viaApp: { id: 11, slug: "us" } }, answer: admin },
      "own_bot",
    ],
    [
      "an App that is not listed, whatever GitHub says",
      { sender: { id: 78, type: "Bot" }, bots, answer: admin },
      "app_not_listed",
    ],
    [
      "a person through an App that is not listed",
      { sender: { ...person, viaApp: { id: 5, slug: "other" } }, bots, answer: admin },
      "app_not_listed",
    ],
    [
      "a person through an App without a slug",
      { sender: { ...person, viaApp: { id: 5 } }, bots, answer: admin },
      "app_not_listed",
    ],
    [
      "a person with a listed bot's name but another id",
      { sender: { id: 79, type: "Bot" }, bots },
      "app_not_listed",
    ],
    ["a mannequin", { sender: { id: 77, type: "Mannequin" }, bots, answer: admin }, "not_a_person"],
    ["an organisation", { sender: { id: 77, type: "Organization" }, bots, answer: admin }, "not_a_person"],
    ["an unknown type", { sender: { id: 77, type: "" }, bots, answer: admin }, "not_a_person"],
  ])("refuses %s", (_, given, code) => {
    expect(ask(given)).toMatchObject({ kind: "refused", code });
  });

  test("refuses a listed bot what needs more than write", () => {
    expect(ask({ sender: bot, bots, who: "maintain" })).toMatchObject({ code: "role_too_low", has: "write" });
  });
});

test("levels are ordered", () => {
  expect(atLeast("maintain", "write")).toBe(true);
  expect(atLeast("read", "triage")).toBe(false);
  expect(atLeast("none", "none")).toBe(true);
});
