/**
 * The agent's part in the demonstration: what a careful engineer would do, with pauses to think. Its test runs
 * and its git are real.
 */
import { pause, systemClock } from "../../src/clock.ts";
import type { Agent } from "../sim/claude/agent.ts";

const thinkingMs = 1_800;

/** A while of thinking, and what it costs. */
export async function think(agent: Agent, ms = thinkingMs): Promise<void> {
  await agent.think();
  await agent.spend(2);
  await pause(systemClock, ms);
}

/** Runs the repository's tests. */
export async function runTests(agent: Agent): Promise<void> {
  await agent.bash(`${process.execPath} --test`);
}

/** Commits what was changed and pushes it. Throws when the push is refused. */
export async function pushWork(agent: Agent, message: string): Promise<void> {
  await agent.commit(message);
  const pushed = await agent.push();
  if (!pushed.ok) throw new Error(`git push: ${pushed.output}`);
}
