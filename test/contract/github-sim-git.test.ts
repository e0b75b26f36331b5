/** Cloning from and pushing to the simulated GitHub by real git. */
import "./github-sim-git.suite.ts";
