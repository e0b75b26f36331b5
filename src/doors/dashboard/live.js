/**
 * Puts newer fragments of a page in the place of older ones, as the service sends them. Without it the page
 * works and is as old as its last loading. Nothing is replaced under somebody's finger: while the pointer is
 * down all fragments wait, and a form waits while the focus is in it.
 */
const page = document.querySelector("[data-live]");

/** Fragments that wait, by id, in the order in which they came. */
const waiting = new Map();
let isPressed = false;

/** What an element is known by in the next fragment: where it leads, or what it says. */
const nameOf = (element) => element.getAttribute("href") ?? element.textContent;

/** Folds stay open and the focus stays where it was. */
function replace(old, fresh) {
  const opened = [...old.querySelectorAll("details[open] > summary")].map(nameOf);
  const focused = old.contains(document.activeElement) ? document.activeElement : undefined;
  old.replaceWith(fresh);
  for (const summary of fresh.querySelectorAll("summary"))
    if (opened.includes(nameOf(summary))) summary.parentElement.open = true;
  if (!focused) return;
  const same = [...fresh.querySelectorAll(focused.tagName)].find((one) => nameOf(one) === nameOf(focused));
  same?.focus({ preventScroll: true });
}

/** Is somebody about to press what is in it? */
function isInUse(old) {
  const focused = document.activeElement;
  return isPressed || (old.contains(focused) && focused.form);
}

/** Puts in place what nobody is using. */
function settle() {
  for (const [id, html] of waiting) {
    const old = document.getElementById(id);
    if (old && isInUse(old)) continue;
    waiting.delete(id);
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    if (old && fresh && old.outerHTML !== fresh.outerHTML) replace(old, fresh);
  }
}

/** A click comes after the pointer has gone up, and the next focus after the one before has gone. */
const settleSoon = () => requestAnimationFrame(settle);

function press({ button }) {
  isPressed = button === 0;
}

function release() {
  isPressed = false;
  settleSoon();
}

if (page) {
  const source = new EventSource(page.dataset.live);
  source.addEventListener("fragment", ({ data }) => {
    const { id, html } = JSON.parse(data);
    waiting.delete(id);
    waiting.set(id, html);
    settle();
  });
  source.addEventListener("over", () => source.close());
  addEventListener("pagehide", () => source.close());
  addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointercancel", "contextmenu", "blur"]) addEventListener(end, release);
  addEventListener("focusout", settleSoon);
}
