/** The stand-in for git is held to what real git is held to: what is not there or not allowed. */
import { vi } from "vitest";
import "./github-sim-refusals.suite.ts";

vi.mock("../sim/program.ts", () => import("../crash/git/program.ts"));
