/**
 * Whether a secret that is long enough can be guessed all the same, because a person made it up: by repeating
 * something, by running along the alphabet or the keyboard, or around a word. Random text seldom looks so: of the
 * shortest that is taken three in a hundred thousand, measured on 16 digits in hex, and of 32 none.
 */

/** Random text of the shortest length that is taken has more. */
const differentMin = 6;
/** Long enough not to turn up in random text. */
const placeholder = /secret|password|passwort|changeme|change-me|webhook|develop|example|patchwright/i;
/** What fingers and minds run along; from each end it goes on at the other. */
const rows = [
  ...["0123456789", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz"],
  ...["qwertyuiop", "asdfghjkl", "zxcvbnm"],
];
/** A step of none repeats a character, one of two leaves every other out. */
const steps = [-2, -1, 0, 1, 2];
/** As many runs may be woven into one another: `a1b2c3`, or `1qaz2wsx`. */
const wovenMax = 4;
/** Runs that are this long on average leave little to guess. */
const runMean = 4;
const separators = /[\s._:-]/g;

/** Why a secret is none, without saying it; undefined where nothing speaks against it. */
export function weaknessOf(secret: string): string | undefined {
  if (new Set(secret).size < differentMin) return "it repeats a few characters";
  if (isRepetition(secret)) return "it repeats the same characters";
  if (isRuns(secret.toLowerCase().replace(separators, "")))
    return "it follows the alphabet, the digits or the keyboard";
  return placeholder.test(secret) ? "it holds a word that people put where a secret is to be" : undefined;
}

/** At least twice the same, wherever it then breaks off: so it is its own continuation after the first. */
function isRepetition(text: string): boolean {
  const longest = Math.floor(text.length / 2);
  for (let length = 1; length <= longest; length += 1) {
    if (text.startsWith(text.slice(length))) return true;
  }
  return false;
}

function isRuns(text: string): boolean {
  for (let woven = 1; woven <= wovenMax; woven += 1) {
    const strands = Array.from({ length: woven }, (_, first) =>
      [...text].filter((_char, at) => at % woven === first),
    );
    const runs = strands.reduce((sum, strand) => sum + runsIn(strand), 0);
    if (runs > 0 && runs * runMean <= text.length) return true;
  }
  return false;
}

/** In how few runs a text can be told: a part of a run is one too, so the longest first is the best. */
function runsIn(text: string[]): number {
  let runs = 0;
  for (let at = 0; at < text.length; at += runFrom(text, at)) runs += 1;
  return runs;
}

/** How many characters are one run, from one of them on. */
function runFrom(text: string[], from: number): number {
  let longest = 1;
  for (const row of rows) {
    const first = row.indexOf(text[from] ?? "");
    if (first < 0) continue;
    for (const step of steps) {
      let count = 1;
      // From the end of a row on it goes on at its beginning, in both directions.
      while (text[from + count] === row.at((first + step * count) % row.length)) count += 1;
      longest = Math.max(longest, count);
    }
  }
  return longest;
}
