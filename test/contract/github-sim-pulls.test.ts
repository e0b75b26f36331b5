/** The simulated GitHub's code side on real git. */
import "./github-sim-pulls.suite.ts";
