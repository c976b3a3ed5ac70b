// Toasts. From the server: HX-Trigger: {"toast": {"text", "tone", "undoUrl", "seconds"}}, or toast.html
// swapped into #toasts. From scripts: showToast({ text, tone, undoUrl, seconds, onUndo }).
// A toast waits while the mouse or the focus is on it.
import htmx from "htmx.org";

const READ_SECONDS = 5;
const UNDO_SECONDS = 10;

export function showToast({ text, tone = "good", undoUrl = "", seconds, onUndo }) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.querySelector(".toast-text").textContent = text;
  if (tone) toast.classList.add(`toast-${tone}`);
  toast.querySelector("use").setAttribute("href", iconFor(toast, tone));
  if (undoUrl || onUndo) toast.querySelector("[data-toast-close]").before(undoButton(undoUrl, onUndo));
  toast.dataset.toast = seconds || (undoUrl || onUndo ? UNDO_SECONDS : READ_SECONDS);
  follow();
  region.append(toast);
  htmx.process(toast);
  return toast;
}

function iconFor(toast, tone) {
  const names = { bad: "circle-alert", warn: "triangle-alert" };
  return toast.querySelector("use").getAttribute("href").replace(/#.*/, `#${names[tone] ?? "circle-check"}`);
}

function undoButton(undoUrl, onUndo) {
  const button = document.getElementById("toast-undo").content.firstElementChild.cloneNode(true);
  if (undoUrl) {
    button.setAttribute("hx-post", undoUrl);
    button.setAttribute("hx-swap", "none");
  }
  if (onUndo) button.addEventListener("click", onUndo, { once: true });
  return button;
}

function start(toast) {
  const seconds = Number(toast.dataset.toast);
  if (!seconds || toast.dataset.started) return;
  toast.dataset.started = "yes";
  let left = seconds * 1000;
  let since = performance.now();
  let timer = setTimeout(() => toast.remove(), left);
  const pause = () => {
    clearTimeout(timer);
    left -= performance.now() - since;
  };
  const resume = () => {
    since = performance.now();
    timer = setTimeout(() => toast.remove(), Math.max(left, 1500));
  };
  toast.addEventListener("mouseenter", pause);
  toast.addEventListener("mouseleave", resume);
  toast.addEventListener("focusin", pause);
  toast.addEventListener("focusout", resume);
  if (toast.querySelector("[data-toast-undo]")) showTimer(toast, seconds);
}

function showTimer(toast, seconds) {
  const line = document.createElement("span");
  line.className = "toast-timer";
  line.style.setProperty("--toast-time", `${seconds}s`);
  toast.append(line);
}

const region = document.getElementById("toasts");
if (region) {
  for (const toast of region.children) start(toast);
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) if (node.dataset?.toast) start(node);
  }).observe(region, { childList: true });
}

document.addEventListener("toast", (event) => showToast(event.detail));
document.addEventListener("click", (event) => {
  const toast = event.target.closest?.(".toast");
  if (!toast) return;
  if (event.target.closest("[data-toast-close]")) toast.remove();
  if (!event.target.closest("[data-toast-undo]")) return;
  toast.classList.add("toast-gone"); // it stays in the page until it is answered: its events must reach the document
  if (!event.target.closest("[hx-post]")) toast.remove();
});
document.addEventListener("htmx:afterRequest", ({ target }) => target.closest?.(".toast-gone")?.remove());

// What lies outside an open dialog can't be seen or clicked, so the toasts go where the person is.
function follow() {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  const home = dialog ?? document.body;
  if (region && region.parentElement !== home) home.append(region);
}
document.addEventListener("close", follow, true);
// A swap may take the dialog away with the toasts in it.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (region && detail.target.contains(region)) document.body.append(region);
});
document.addEventListener("htmx:afterSettle", follow);
