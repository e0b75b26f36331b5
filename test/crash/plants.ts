/** The planted bugs, by what they break; those that take two to show are at the end. */

import { crash, echoed, lost, type Plant, plant, played, rival } from "./plant.ts";
import { wordPlants } from "./plants-words.ts";

const never = "async () => undefined";

/** The bugs. */
export const plants: Plant[] = [
  plant(
    "a delivery is acknowledged before it is written",
    played("main", crash("before write insert deliveries #2")),
    [
      "doors/github.ts",
      "const appended = await box.append({ id, event, body: text, ...verdict });",
      "const appended = void box.append({ id, event, body: text }).catch(() => undefined);",
    ],
  ),
  plant("deliveries are told apart by their ids alone", echoed("retry"), [
    "store/deliveries.ts",
    "lastCopy: (bodyHash, exceptId) => lastCopy(db, bodyHash, exceptId),",
    "lastCopy: async () => undefined,",
  ]),
  plant("a labelling that was served is served again", echoed("main"), [
    "doors/labelling.ts",
    "if (isServed || (copyAt !== undefined && last.at <= copyAt + slackMs))",
    "if (isServed === null)",
  ]),
  plant("deliveries that were missed are not looked for", played("main"), [
    "mission/sweep.ts",
    "isLogRead = isLogRead || (await readLog(signal));",
    "isLogRead = true;",
  ]),
  plant(
    "trouble that passes fails the delivery",
    played("main", lost("reset", "after POST /api/v3/app/installations/N/access_tokens #1")),
    [
      "doors/intake.ts",
      'if (!isProblem(error) || error.kind === "later") throw error;',
      "if (!isProblem(error)) throw error;",
    ],
  ),
  plant(
    "a failed wake is not tried again, and no caretaker sees it",
    played("main", lost("reset", "after POST /api/v3/repos/acme/shop/issues/N/comments #1")),
    [
      "engine/embedded.ts",
      "await this.#answer(row, { next: clock.now() + againMs, tries }, signal);",
      "await this.#answer(row, { next: undefined, tries }, signal);",
    ],
    [
      "mission/sweep-leftovers.ts",
      "await wakeAll(parts, await sleepers(store.db, now - overdueMs));",
      "void sleepers;",
    ],
  ),
  plant("what a holder writes who was overtaken is taken", rival("overtaken"), [
    "store/runs.ts",
    '.where("epoch", "=", held.epoch)',
    '.where("epoch", ">=", held.epoch)',
  ]),
  plant("a token is held by whoever was overtaken", rival("overtaken"), [
    "store/tokens.ts",
    "    await changeRun(tx, held, {});\n    await tx\n      .updateTable",
    "    await tx\n      .updateTable",
  ]),
  plant("a place is given up by whoever was overtaken", rival("overtaken"), [
    "mission/turn.ts",
    "await changeRun(tx, held, change);",
    "void change;",
  ]),
  plant(
    "begun is not written before the act",
    played("main", crash("after POST /api/v3/repos/acme/shop/issues/N/comments #1")),
    [
      "mission/ledger.ts",
      "await proving(beginFact(store, held, { ...keyOf(held, name), ...tried }));",
      "void beginFact;",
    ],
  ),
  plant(
    "a comment is not looked for",
    played("main", crash("after POST /api/v3/repos/acme/shop/issues/N/comments #1")),
    ["github/issue.ts", "find: () => findComment(github, place, { marker, since }),", `find: ${never},`],
  ),
  plant(
    "a comment is looked for from now on only",
    played("main", crash("after POST /api/v3/repos/acme/shop/issues/N/comments #1")),
    [
      "github/issue.ts",
      "since: new Date(since - slackMs).toISOString(),",
      "since: new Date(since + 3_600_000).toISOString(),",
    ],
  ),
  plant("a session is not looked for", played("main", crash("after POST /v1/sessions #1")), [
    "agent/claude.ts",
    'if (session.metadata["run_id"] === id &&',
    'if (session.metadata["run_id"] === "nobody" &&',
  ]),
  plant("a message is not looked for", played("main", crash("after POST /v1/sessions/ID/events #1")), [
    "agent/sending.ts",
    'if (event.type === "user.message" && textOf(event.content).includes(marker))',
    "if (false as boolean)",
  ]),
  plant("a message carries no marker", played("main", crash("after POST /v1/sessions/ID/events #1")), [
    "agent/sending.ts",
    `text: \`\${text}\\n\\n\${marker}\``,
    "text",
  ]),
  plant(
    "the answer to a tool call is not looked for",
    played("question", crash("after POST /v1/sessions/ID/events #2")),
    [
      "agent/sending.ts",
      'if (event.type === "user.custom_tool_result" && event.custom_tool_use_id === answer.call)',
      "if (false as boolean)",
    ],
  ),
  plant(
    "a send is repeated by the SDK",
    played("rotation", lost("reset", "after POST /v1/sessions/ID/events #1")),
    ["agent/patience.ts", "const once = { maxRetries: 0,", "const once = { maxRetries: 1,"],
  ),
  plant(
    "the pull request that is open already is not adopted",
    played("main", crash("after POST /api/v3/repos/acme/shop/pulls #1")),
    ["github/pull.ts", "const alreadyOpen = /already exists/i;", "const alreadyOpen = /never said/i;"],
    [
      "github/pull.ts",
      "find: (begunAt) => findOurs(github, place, wanted, begunAt - slackMs),",
      `find: ${never},`,
    ],
  ),
  plant(
    "a 5xx is believed to have done nothing",
    played("main", lost("5xx", "after POST /api/v3/repos/acme/shop/issues/N/comments #1")),
    [
      "github/failure.ts",
      "...(named === undefined ? {} : { retryAfterMs: spanOf(String(named), call.now) }),",
      "undone: true,",
    ],
  ),
  plant(
    "a lost connection is believed to have done nothing",
    played("rotation", lost("reset", "after POST /v1/sessions/ID/events #1")),
    [
      "agent/failure.ts",
      'return new Problem("later", "claude_unreachable", "The Claude platform could not be reached.", {',
      'return new Problem("later", "claude_unreachable", "The Claude platform could not be reached.", { undone: true,',
    ],
  ),
  plant("what was handed in is written down without its title", played("main"), [
    "mission/answers.ts",
    "noted(submission));",
    'noted({ ...submission, title: "" }));',
  ]),
  plant(
    "an answer that was given is not recalled",
    played("question", crash("after POST /v1/sessions/ID/events #2")),
    ["mission/answers.ts", "await recallAnswers(tools, session);", "void recallAnswers;"],
  ),
  plant("an answer is told as a message besides", played("question"), [
    "mission/answers.ts",
    'ledger.all<{ note?: string }>("answer ").some(({ value }) => value.note === note.id)',
    "false",
  ]),
  plant("a token is handed over before it is recorded", played("main"), [
    "store/tokens.ts",
    '.insertInto("tokens")\n      .values({ ...record, sealed })',
    '.updateTable("tokens").set({ state: "recorded" }).where("id", "=", sealed)',
  ]),
  plant(
    "a token is forgotten before it is revoked",
    played("main", crash("before DELETE /api/v3/installation/token #1")),
    [
      "mission/credential.ts",
      "  if (secret) {\n    const given = await tools.github.revoke(secret,",
      '  await dropToken(tools.store.db, token, { step: "revoked", at: 0 });\n  if (secret) {\n    const given = await tools.github.revoke(secret,',
    ],
  ),
  plant(
    "a token that was not handed over is forgotten",
    played("main", crash("before POST /v1/sessions #1")),
    [
      "mission/credential.ts",
      'const unused = all.filter((one) => one.state === "recorded" && one.resource === resource);',
      `const recorded = all.filter((one) => one.state === "recorded" && one.resource === resource);
    const unused = tools.held.run.session ? recorded : [];
    if (!tools.held.run.session)
      for (const one of recorded) await dropToken(tools.store.db, one, { step: "expired", at: 0 });`,
    ],
  ),
  plant(
    "a token is revoked before its successor is in place",
    played("rotation", {
      point: "before POST /v1/sessions/ID/resources/ID #1",
      blow: "crash",
      back: "another takes over",
    }),
    [
      "mission/credential.ts",
      "    await handOver(tools, session,",
      "    if (current) await revoke(tools, current);\n    await handOver(tools, session,",
    ],
  ),
  plant("a token is replaced when it has expired", played("rotation"), [
    "mission/credential.ts",
    "  if (current?.open() && now < replaceAt(life(current))) return replaceAt(life(current));",
    "  if (current?.open() && now < current.expires_at) return current.expires_at;",
  ]),
  plant("a token that was replaced lives on for long", played("rotation"), [
    "domain/rotation.ts",
    "return retired.retiredAt + Math.min(graceMsMax, ",
    "return retired.retiredAt + Math.max(6 * graceMsMax, ",
  ]),
  plant(
    "tokens are sealed with a key that dies with the process",
    played("main", crash("after POST /v1/sessions #1")),
    [
      "main.ts",
      "[...(config.sealKeys ?? []), sealKeyFrom(config.app.privateKey)]",
      "[...(config.sealKeys ?? []), sealKeyFrom(config.app.privateKey), random(32)].slice(-1)",
    ],
  ),
  plant("the round's tokens are not given back", played("no changes"), [
    "mission/credential.ts",
    "const given = await Promise.allSettled(all.map((token) => revoke(tools, token)));",
    "const given = await Promise.allSettled(all.slice(1).map((token) => revoke(tools, token)));",
  ]),
  plant(
    "the ending is reported behind the mission's back",
    played("main", crash("before write insert facts mark rocket #1")),
    [
      "mission/closing.ts",
      "  await report(tools, ending);",
      "  void report(tools, ending).catch(() => undefined);",
    ],
  ),
  plant(
    "what failed is tried again much later",
    played("main", lost("reset", "after POST /api/v3/repos/acme/shop/pulls #1")),
    ["engine/wakes.ts", "const backoffMsMin = 1_000;", "const backoffMsMin = 121_000;"],
  ),
  plant("a change leaves for Claude however late", rival("late to Claude"), [
    "agent/gate.ts",
    "&& clock.now() - now > departureMsMax) {",
    "&& clock.now() < 0) {",
  ]),
  plant("a change leaves for GitHub however late", rival("late to GitHub"), [
    "github/client.ts",
    "&& clock.now() - began > departureMsMax) {",
    "&& clock.now() < 0) {",
  ]),
  plant("nobody asks whether a run is held still", rival("held no more"), [
    "mission/ledger.ts",
    "if (clock.now() - provenAt <= proofMsMax) return;\n    await proving(",
    "if (proofMsMax > 0) return;\n    await proving(",
  ]),
  plant("a reply that is under way is given again", rival("two replies"), [
    "doors/replies.ts",
    "if (waitMs > 0) throw underWay(waitMs);",
    "void waitMs;",
  ]),
  plant("two take over one reply", rival("two replies"), [
    "store/replies.ts",
    "return taken.numUpdatedRows === 1n;",
    "return taken.numUpdatedRows >= 0n;",
  ]),
  ...wordPlants,
  // Each mends what the other forgets.
  plant(
    "a run at rest loses its alarm, and the caretaker looks for none",
    rival("at rest"),
    [
      "mission/closing.ts",
      "return isClosed(run) || hasUnseenChecks(tools) ? clock.now() : restsUntil(tools, ending);",
      "return hasUnseenChecks(tools) ? clock.now() : undefined;",
    ],
    ["store/sleepers.ts", "...[...runs, ...resting].map(", "...runs.map("],
  ),
];
