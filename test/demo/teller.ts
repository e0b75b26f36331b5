/**
 * How the demonstration speaks: one line per happening, with the seconds since the start and who acts.
 * Plain text; colours only where somebody watches a terminal and has not asked to be spared them.
 */
import { styleText } from "node:util";
import type { Clock } from "../../src/clock.ts";

/** Who acts. Mona, Rita, Ron and Otto are the people. */
export type Who = "Mona" | "Rita" | "Ron" | "Otto" | "GitHub" | "Patchwright" | "Claude";

/** A happening in words. `more` stands below it, indented. */
export interface Words {
  who: Who;
  text: string;
  more?: string[];
}

/** Where the words go. */
export interface Teller {
  /** Seconds, who, what. */
  tell(words: Words): void;
  /** A line without a speaker; an empty one sets things apart. */
  plain(text?: string): void;
  /** Lines of a unified diff. */
  diff(text: string): void;
}

type Style = Parameters<typeof styleText>[0];

const styles: Record<Who, Style> = {
  Mona: "yellow",
  Rita: "yellow",
  Ron: "yellow",
  Otto: "yellow",
  GitHub: "blue",
  Patchwright: "green",
  Claude: "magenta",
};
const whoWidth = 13;
const secondsWidth = 6;
const indent = " ".repeat(secondsWidth + 2 + whoWidth);
const lineCharactersMax = 160;

/** A teller that writes to standard output, its clock started now. */
export function createTeller(clock: Clock): Teller {
  const began = clock.now();
  const styled = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  return {
    tell: ({ who, text, more = [] }) => {
      const seconds = ((clock.now() - began) / 1000).toFixed(1).padStart(secondsWidth);
      write(`${styled("dim", seconds)}  ${styled(styles[who], who.padEnd(whoWidth))}${text}`);
      for (const line of more) write(styled("dim", `${indent}${line.slice(0, lineCharactersMax)}`));
    },
    plain: (text = "") => write(text),
    diff: (text) => {
      for (const line of text.trimEnd().split("\n")) write(`  ${styled(diffStyle(line), line)}`);
    },
  };
}

function diffStyle(line: string): Style {
  if (/^(diff|index|---|\+\+\+)/.test(line)) return "bold";
  if (line.startsWith("@@")) return "cyan";
  if (line.startsWith("+")) return "green";
  return line.startsWith("-") ? "red" : "reset";
}
