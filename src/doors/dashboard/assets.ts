/** The files of the pages, read once: the style, the script, the picture in the tab. */
import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5f8b"/><path d="M9 23V9h8a5 5 0 0 1 0 10h-8" fill="none" stroke="#fff" stroke-width="3"/></svg>`;

/** By name below `/assets/`. */
export const assets: Record<string, { type: string; text: string }> = {
  "style.css": { type: "text/css; charset=utf-8", text: read("style.css") },
  "live.js": { type: "text/javascript; charset=utf-8", text: read("live.js") },
  "icon.svg": { type: "image/svg+xml", text: icon },
};
