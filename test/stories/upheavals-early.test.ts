/**
 * The installation's and the repository's life while a run waits for its turn, and while it starts and the platform
 * opens no session: it ends, nothing is opened afterwards, no token is alive.
 */
import { afterEach, expect, test } from "vitest";
import { aliveTokens } from "./conversation.ts";
import { type Stage, setStage, shop } from "./stage.ts";
import { endings } from "./upheaval-states.ts";

let stage: Stage;
afterEach(() => stage.close());

const minute = 60_000;

/** Plays until a run is queued beside one at work, or one starts and gets no session. Returns how many runs there are. */
const states: Record<string, () => Promise<number>> = {
  queued: async () => {
    stage = await setStage({ env: { PATCHWRIGHT_MAX_ACTIVE_RUNS: "1" } });
    stage.plays(async (agent) => agent.wait(10 * 60 * minute));
    const first = stage.labelled();
    await stage.untilShown(first, "starting");
    const second = stage.labelled({ title: "Another" });
    await stage.untilShown(second, "queued");
    return 2;
  },
  starting: async () => {
    stage = await setStage();
    stage.claude.fault({ on: "POST /v1/sessions", times: 10_000, trouble: { kind: "status", status: 529 } });
    const issue = stage.labelled();
    await stage.untilShown(issue, "starting");
    await stage.pass(minute);
    return 1;
  },
};

const upheavals: [what: string, ending: string, act: () => unknown][] = [
  ["suspended", "refused", () => stage.github.suspend(stage.installation, "rita")],
  ["uninstalled", "stopped|refused", () => stage.github.uninstall(stage.installation, "rita")],
  [
    "taken out of the installation",
    "refused",
    async () => {
      await stage.github.addRepository({ owner: "acme", name: "till" });
      stage.github.select(stage.installation, shop, { isIn: false, by: "rita" });
    },
  ],
  ["archived", "stopped|refused", () => stage.github.archive(shop, { archived: true, by: "rita" })],
  ["made public", "stopped", () => stage.github.publicize(shop, { by: "rita" })],
  ["deleted", "stopped|refused", () => stage.github.deleteRepository(shop, { by: "rita" })],
];

test.each(
  Object.keys(states).flatMap((state) =>
    upheavals.map(([what, ending, act]) => ({ state, what, ending, act })),
  ),
)("$what while $state", async ({ state, what, ending, act }) => {
  const runs = (await states[state]?.()) ?? 0;
  await act();
  await stage.pass(30_000);
  expect(endings(stage)).toHaveLength(runs);
  expect(endings(stage).filter((one) => !new RegExp(`^(${ending})$`).test(one))).toEqual([]);
  // While it is suspended, GitHub takes no token and revokes none.
  if (what === "suspended") {
    stage.github.unsuspend(stage.installation, "rita");
    await stage.pass(30_000);
  }
  expect(aliveTokens(stage)).toEqual([]);
  const opened = () =>
    stage.claude.log.filter(({ method, path }) => method === "POST" && path === "/v1/sessions");
  const before = opened().length;
  await stage.pass(60 * minute);
  expect(opened()).toHaveLength(before);
  expect(stage.claude.sessions.filter(({ status }) => status === "running")).toEqual([]);
  expect(stage.lines.filter(({ level }) => level === "error")).toEqual([]);
});
