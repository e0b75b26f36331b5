/** What the simulated GitHub refuses, on real git. */
import "./github-sim-refusals.suite.ts";
