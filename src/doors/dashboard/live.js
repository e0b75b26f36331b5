/**
 * Puts newer fragments of a page in the place of older ones, as the service sends them. Without it the page
 * works and is as old as its last loading. Only what has changed is touched, and nothing under somebody's finger: while
 * the pointer is down or the page is paused all fragments wait, and one waits while its text is selected or the focus
 * is in its form.
 */
const page = document.querySelector("[data-live]");

/** Fragments that wait, by id, in the order in which they came. */
const waiting = new Map();
let isPressed = false;
let isPaused = false;

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

const isElement = ({ nodeType }) => nodeType === Node.ELEMENT_NODE;
const attributesOf = (element) =>
  [...element.attributes].flatMap(({ name, value }) => (name === "open" ? [] : [`${name}=${value}`])).join();

/** Can one become the other, and stay the node that it is? */
function isKin(old, fresh) {
  return old.nodeName === fresh?.nodeName && old.id === fresh.id;
}

/** Children that are known by their ids stay, whatever comes or goes between them; they do not change their order. */
function renewById(old, fresh) {
  const is = [...fresh.children];
  for (const one of [...old.children]) if (!is.some(({ id }) => id === one.id)) one.remove();
  let place = old.firstElementChild;
  for (const node of is) {
    if (place?.id !== node.id) {
      old.insertBefore(node, place);
      continue;
    }
    const next = place.nextElementSibling;
    renew(place, node);
    place = next;
  }
}

/** Makes what is there say what is new: its nodes stay as far as they can, and further ones come after them. */
function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (!isElement(old)) {
    old.data = fresh.data;
    return;
  }
  const [was, is] = [[...old.childNodes], [...fresh.childNodes]];
  const isSame = attributesOf(old) === attributesOf(fresh);
  if (isSame && [...was, ...is].every(({ id }) => id)) {
    renewById(old, fresh);
    return;
  }
  if (!isSame || !was.every((node, at) => isKin(node, is[at]))) {
    replace(old, fresh);
    return;
  }
  for (const [at, node] of was.entries()) renew(node, is[at]);
  old.append(...is.slice(was.length));
}

/** Is somebody about to press what is in it, or to copy it? */
function isInUse(old) {
  const focused = document.activeElement;
  const selected = getSelection();
  return (
    isPressed ||
    (old.contains(focused) && focused.form) ||
    (selected && !selected.isCollapsed && selected.containsNode(old, true))
  );
}

/** Puts in place what nobody is using. */
function settle() {
  if (isPaused) return;
  for (const [id, html] of waiting) {
    const old = document.getElementById(id);
    if (old && isInUse(old)) continue;
    waiting.delete(id);
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    if (old && fresh) renew(old, fresh);
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

/** The pause before the stream is opened again: longer each time, and not the same in every window. */
const pauseMs = (tries) => Math.min(1_000 * 2 ** tries, 60_000) * (0.75 + Math.random() / 2);

/** The service speaks every 15 seconds: a stream that is silent for longer has lost it, whatever the browser thinks. */
const silenceMs = 45_000;
const answerMs = 15_000;

/** The line that says whether the page lives, and the button that stops it. It is there with the script alone. */
function lineOf(press) {
  const line = document.createElement("p");
  line.className = "live";
  const words = document.createElement("span");
  words.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.addEventListener("click", press);
  line.append(words, " ", button);
  page.prepend(line);
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  return (isLive) => {
    write(words, isPaused ? "Paused" : isLive ? "Live" : "Not live: trying again");
    write(button, isPaused ? "Resume updates" : "Pause updates");
  };
}

/**
 * Follows the page. A browser opens no stream again after an answer of a proxy's or a gate's, and does not say which:
 * so the page itself is asked first, and loaded anew where it is not this person's to see any more. A paused page
 * listens as well: it must not outlast the visit.
 */
function follow() {
  let source;
  let tries = 0;
  let timer;
  const isLive = () => tries === 0;
  const say = lineOf(() => {
    isPaused = !isPaused;
    say(isLive());
    settle();
    if (!isPaused && !isLive()) void ask();
  });

  function end() {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }

  function later() {
    end();
    // An end after half an hour is nobody's trouble.
    say(isLive());
    timer = setTimeout(ask, pauseMs(tries));
    tries += 1;
  }

  function lost() {
    tries = Math.max(tries, 1);
    later();
  }

  async function ask() {
    clearTimeout(timer);
    try {
      const signal = AbortSignal.timeout(answerMs);
      const { status } = await fetch(location.href, { headers: { accept: "text/html" }, signal });
      if (status === 401 || status === 404) location.reload();
      // Asked twice at a time, by the clock and by a person, the first answer counts.
      else if (source) return;
      else if (status < 400) open();
      else later();
    } catch {
      if (!source) later();
    }
  }

  function open() {
    end();
    source = new EventSource(page.dataset.live);
    timer = setTimeout(lost, silenceMs);
    // What is sent first is the whole page: it is new again.
    const hear = () => {
      tries = 0;
      say(true);
      clearTimeout(timer);
      timer = setTimeout(lost, silenceMs);
    };
    source.addEventListener("beat", hear);
    source.addEventListener("fragment", ({ data }) => {
      hear();
      const { id, html } = JSON.parse(data);
      waiting.delete(id);
      waiting.set(id, html);
      settle();
    });
    source.addEventListener("over", () => location.reload());
    // What the browser itself would not open again was refused.
    source.addEventListener("error", () => (source?.readyState === EventSource.CLOSED ? lost() : later()));
  }

  say(true);
  open();
  addEventListener("pagehide", end);
  // Taken out of the browser's memory again, a page is as old as it was, and may be another visit's.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) void ask();
  });
}

if (page) {
  follow();
  addEventListener("pointerdown", press);
  for (const end of ["pointerup", "pointercancel", "contextmenu", "blur"]) addEventListener(end, release);
  addEventListener("focusout", settleSoon);
  document.addEventListener("selectionchange", settleSoon);
}
