/**
 * Crowds of strangers in public repositories: each unknown person who comments costs a question to GitHub, and the
 * installation has so many an hour for all its work. So people whom GitHub counts to the repository, those who
 * were allowed before and those whose run it is are always asked about, and of the others only so many questions are
 * put an hour in one repository; whoever is beyond them is not heard. In this process's memory.
 */
import type { Clock } from "../clock.ts";
import { createHourly } from "./hourly.ts";

/** Questions about strangers an hour in one repository. */
const questionsMax = 80;
const peopleMax = 10_000;
/** GitHub's last answer serves as long without another question. */
const answeredMs = 60_000;

/** Who is asked about. */
export interface Crowd {
  /** May GitHub be asked about this person here? */
  hears(repositoryId: number, person: number): boolean;
  /** This person was allowed something here. */
  welcome(repositoryId: number, person: number): void;
}

/** A crowd that nobody of is known. */
export function createCrowd(clock: Pick<Clock, "now">): Crowd {
  const hourly = createHourly(clock, questionsMax);
  const known = new Map<string, number>();
  const remember = (key: string, until: number) => {
    known.delete(key);
    known.set(key, until);
    const oldest = known.keys().next();
    if (known.size > peopleMax && !oldest.done) known.delete(oldest.value);
  };
  return {
    welcome: (repositoryId, person) => remember(`${repositoryId} ${person}`, Number.POSITIVE_INFINITY),
    hears: (repositoryId, person) => {
      const key = `${repositoryId} ${person}`;
      if ((known.get(key) ?? 0) > clock.now()) return true;
      if (!hourly(repositoryId)) return false;
      remember(key, clock.now() + answeredMs);
      return true;
    },
  };
}
