// What the server drew anew, put in the place of what is shown without disturbing whoever works there.
import htmx from "htmx.org";

const TYPED = "input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]";

// The page at an address as htmx would get it, read but not shown; null if there is nothing to show any more.
export async function fetchPart(address, target) {
  const headers = { "HX-Request": "true", "HX-Target": target, "HX-Current-URL": location.href };
  const answer = await fetch(address, { headers, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// What an element says, without what differs from page to page: times and days are written out in the browser.
export function wording(element) {
  const plain = element.cloneNode(true);
  for (const time of plain.querySelectorAll("time")) {
    time.textContent = "";
    time.removeAttribute("title");
  }
  for (const made of plain.querySelectorAll("[name=csrfmiddlewaretoken], .thread-day")) made.remove();
  return plain.innerHTML.replace(/\s+/g, " ");
}

function isChanged(field) {
  if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected && option.index > 0);
  return field.value !== field.defaultValue;
}

// Whether somebody is at work in it: a field is in use or filled in, a dialog, a menu or a disclosure is open.
export function isBusy(element) {
  const active = document.activeElement;
  if (active && active !== element && element.contains(active) && active.matches(TYPED)) return true;
  if (element.matches("details[open]") || element.querySelector("dialog[open], details[open]")) return true;
  return [...element.querySelectorAll(TYPED)].some(isChanged);
}

// Puts the fresh children in; the focus stays where it was if its like is still there.
export function fill(element, fresh) {
  const focused = document.activeElement;
  const like = focused !== element && element.contains(focused) ? likeness(focused) : null;
  element.replaceChildren(...document.importNode(fresh, true).childNodes);
  htmx.process(element);
  htmx.trigger(element, "htmx:load");
  if (like) [...element.querySelectorAll(focused.localName)].find((one) => likeness(one) === like)?.focus({ preventScroll: true });
}

const likeness = (one) => [one.getAttribute("href"), one.getAttribute("name"), one.getAttribute("aria-label"), one.textContent.trim()].join("|");

let isPressed = false;

// Whether a click is on its way: what it is meant for mustn't be taken from under it.
export const isClicking = () => isPressed;

if (typeof document !== "undefined") {
  document.addEventListener("pointerdown", () => (isPressed = true), true);
  for (const over of ["pointerup", "pointercancel"]) document.addEventListener(over, () => setTimeout(() => (isPressed = false)), true);
}
