/** try */
import { play, returns } from "./play.ts";
import { stories } from "./stories.ts";
import { appendFileSync } from "node:fs";
const [name, part, out, cap] = [process.argv[2] ?? "main", process.argv[3] ?? "0/1", process.argv[4] ?? "/tmp/out", Number(process.argv[5] ?? 3)];
const [k, n] = part.split("/").map(Number) as [number, number];
const say = (line: string) => { appendFileSync(out, line + "\n"); };
for (const story of stories.filter((s) => name === "all" || s.name === name)) {
  const began = performance.now();
  const clean = await play(story, []);
  const points = clean.points.filter((p) => Number(p.split("#")[1]) <= cap);
  say(`${story.name}: ${points.length} of ${clean.points.length} points, clean: ${JSON.stringify(clean.flaws)} ${Math.round(performance.now() - began)} ms`);
  let plays = 0, missed = 0, bad = 0;
  for (const [i, point] of points.entries()) {
    if (i % n !== k) continue;
    const back = returns[Math.floor(i / n) % 3] ?? "at once";
    const { flaws, struck } = await play(story, [{ point, blow: "crash", back }]);
    plays += 1;
    if (!struck) missed += 1;
    if (flaws.length) { bad += 1; say(`  BAD ${story.name} | ${point} | ${back} | struck ${struck} | ${JSON.stringify(flaws)}`); }
    if (plays % 20 === 0) say(`  ... ${plays} plays ${Math.round(performance.now() - began)} ms`);
  }
  say(`${story.name}: done ${plays} plays, ${missed} missed, ${bad} bad, ${Math.round(performance.now() - began)} ms`);
}
process.exit(0);
