/**
 * Puts newer fragments of a page in the place of older ones, as the service sends them. Without it the page
 * works and is as old as its last loading.
 */
const page = document.querySelector("[data-live]");

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
