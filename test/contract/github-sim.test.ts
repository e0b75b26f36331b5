/** The simulated GitHub on real git. */
import "./github-sim.suite.ts";
