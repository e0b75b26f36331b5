/** The stand-in for git is held to what real git is held to: files, folders and everything else that is read. */
import { vi } from "vitest";
import "./github-sim.suite.ts";

vi.mock("../sim/program.ts", () => import("../crash/git/program.ts"));
