/** The stand-in for git is held to what real git is held to: files, folders and everything else that is read. */
import { vi } from "vitest";
import "./github-sim.suite.ts";

vi.mock("node:child_process", () => import("../crash/git/processes.ts"));
