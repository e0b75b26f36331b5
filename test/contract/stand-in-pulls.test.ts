/** The stand-in for git is held to what real git is held to: refs, trees, comparisons, pull requests. */
import { vi } from "vitest";
import "./github-sim-pulls.suite.ts";

vi.mock("../sim/program.ts", () => import("../crash/git/program.ts"));
