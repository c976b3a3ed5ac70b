// <ol data-reorder> inside a <form hx-trigger="reordered">: its items are dragged by [data-reorder-handle], by mouse
// or by finger, and the form is told with `reordered`; the hidden inputs of the items then say the new order.
// Without JavaScript, and for keyboards, the page has buttons that move an item one place.
import Sortable from "sortablejs";

const HOLD_MS = 150; // on touch, so that scrolling over the handle stays scrolling

function start(list) {
  if (list.dataset.reorder === "on") return;
  list.dataset.reorder = "on";
  Sortable.create(list, {
    handle: "[data-reorder-handle]",
    animation: 120,
    delay: HOLD_MS,
    delayOnTouchOnly: true,
    onEnd: ({ oldIndex, newIndex }) => {
      if (oldIndex !== newIndex) list.closest("form").dispatchEvent(new CustomEvent("reordered", { bubbles: true }));
    },
  });
}

const startAll = () => document.querySelectorAll("[data-reorder]").forEach(start);

startAll();
document.addEventListener("htmx:load", startAll);
