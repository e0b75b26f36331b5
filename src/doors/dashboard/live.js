/**
 * Puts newer fragments of a page in the place of older ones, as the service sends them. Without it the page
 * works and is as old as its last loading.
 */
const page = document.querySelector("[data-live]");

/** Folds stay open and the focus stays where it was. */
function replace(old, fresh) {
  const opened = [...old.querySelectorAll("details")].flatMap(({ open }, place) => (open ? [place] : []));
  const focused = old.contains(document.activeElement) ? document.activeElement : undefined;
  const place = focused ? [...old.querySelectorAll(focused.tagName)].indexOf(focused) : -1;
  old.replaceWith(fresh);
  const folds = fresh.querySelectorAll("details");
  for (const index of opened) if (folds[index]) folds[index].open = true;
  if (focused) fresh.querySelectorAll(focused.tagName)[place]?.focus({ preventScroll: true });
}

if (page) {
  const source = new EventSource(page.dataset.live);
  source.addEventListener("fragment", ({ data }) => {
    const { id, html } = JSON.parse(data);
    const old = document.getElementById(id);
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    if (old && fresh && old.outerHTML !== fresh.outerHTML) replace(old, fresh);
  });
  source.addEventListener("over", () => source.close());
  addEventListener("pagehide", () => source.close());
}
