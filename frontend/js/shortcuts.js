// data-shortcut="g b" on a link, button or field: pressing g, then b, follows, clicks or focuses it.
// Silent while someone types or a dialog is open; the switch in the `?` dialog turns all of it off.
import { remember } from "./cookies.js";

const PAUSE_MS = 1000; // between the keys of one shortcut
const TYPING = "input:not([type=checkbox],[type=radio],[type=button],[type=submit],[type=range]), textarea, select, [contenteditable=true]";

let pressed = [];
let lastAt = 0;

export function pressedAfter(before, key, gapMs) {
  return gapMs > PAUSE_MS ? [key] : [...before, key].slice(-2);
}

// Which of `known` ("g b", "/") the pressed keys end with; the longest wins.
export function matching(pressedKeys, known) {
  const ends = known.filter((keys) => pressedKeys.join(" ") === keys || pressedKeys.join(" ").endsWith(` ${keys}`));
  return ends.sort((a, b) => b.length - a.length)[0] ?? null;
}

const areOff = () => /(?:^|; )shortcuts=off/.test(document.cookie);

function visible(element) {
  return element.getClientRects().length > 0;
}

function act(element) {
  if (element.matches("input, textarea, select")) {
    element.focus();
    element.select?.();
  } else element.click();
}

if (typeof document !== "undefined") {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches?.(TYPING) || document.querySelector("dialog[open]") || areOff()) return;
    pressed = pressedAfter(pressed, event.key, event.timeStamp - lastAt);
    lastAt = event.timeStamp;
    const elements = [...document.querySelectorAll("[data-shortcut]")];
    const keys = matching(pressed, elements.map((element) => element.dataset.shortcut));
    if (!keys) return;
    const same = elements.filter((element) => element.dataset.shortcut === keys);
    event.preventDefault();
    pressed = [];
    act(same.find(visible) ?? same[0]);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-shortcuts-switch]")) remember("shortcuts", event.target.checked ? "" : "off");
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.('[data-dialog-open="shortcuts"]')) listThisPage();
  }, true);
}

// A page's own shortcuts: data-shortcut with data-shortcut-label="Accept"; only those that can be used right now.
function listThisPage() {
  const labelled = [...document.querySelectorAll("[data-shortcut][data-shortcut-label]:not(:disabled)")].filter(visible);
  document.querySelector("[data-shortcut-page]").hidden = labelled.length === 0;
  document.querySelector("[data-shortcut-page-list]").replaceChildren(...labelled.map(listed));
}

function listed(element) {
  const row = document.createElement("p");
  row.className = "flex justify-between gap-4";
  const label = document.createElement("span");
  label.textContent = element.dataset.shortcutLabel;
  const keys = document.createElement("span");
  keys.className = "inline-flex gap-1";
  for (const key of element.dataset.shortcut.split(" ")) {
    const cap = keys.appendChild(document.createElement("kbd"));
    cap.className = "kbd";
    cap.textContent = key;
  }
  row.append(label, keys);
  return row;
}
