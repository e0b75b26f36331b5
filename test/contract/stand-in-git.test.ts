/** The stand-in for git is held to what real git is held to: cloning, pushing and every refusal of a push. */
import { vi } from "vitest";
import "./github-sim-git.suite.ts";

vi.mock("../sim/program.ts", () => import("../crash/git/program.ts"));
