// <details data-menu>: one open at a time, Esc and a click elsewhere close it, arrows walk through it.
const ITEMS = ".menu-item:not([disabled])";

function close(menu, { focus = false } = {}) {
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("[data-menu]") || !event.target.open) return;
  for (const other of document.querySelectorAll("[data-menu][open]")) {
    if (other !== event.target && !other.contains(event.target)) close(other);
  }
}, true);

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    const chosen = event.target.closest?.(".menu-item");
    if (!menu.contains(event.target) || (chosen && menu.contains(chosen))) close(menu);
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("[data-menu][open]");
  if (!menu) return;
  if (event.key === "Escape") {
    event.stopPropagation();
    return close(menu, { focus: true });
  }
  const items = [...menu.querySelectorAll(ITEMS)];
  const next = nextPlace(event.key, items.indexOf(document.activeElement), items.length);
  if (next === null) return;
  event.preventDefault();
  items[next]?.focus();
});

// The place that a key leads to among `count` items, or null if the key means nothing here.
export function nextPlace(key, place, count) {
  if (count === 0) return null;
  if (key === "ArrowDown") return (place + 1) % count;
  if (key === "ArrowUp") return place <= 0 ? count - 1 : place - 1;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
