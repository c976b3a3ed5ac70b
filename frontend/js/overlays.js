// Dialogs and the drawer are <dialog>s: the browser traps the focus, closes on Esc, and gives the focus back.
//   data-dialog-open="<id>"   opens a dialog
//   data-drawer-open="<id>"   on an hx-get link: opens the drawer when its content is asked for
//   data-close                closes the dialog around it
// The drawer's content may name itself with data-drawer-name="…" and data-drawer-url="…".

function opener(event, attribute) {
  const link = event.target.closest?.(`[${attribute}]`);
  return link && document.getElementById(link.getAttribute(attribute));
}

document.addEventListener("click", (event) => {
  const dialog = opener(event, "data-dialog-open");
  if (dialog && !dialog.open) return dialog.showModal();
  const closing = event.target.closest?.("[data-close]");
  if (closing) return closing.closest("dialog")?.close();
  if (event.target.matches?.("dialog[open]") && isOutside(event)) event.target.close();
});

function isOutside({ target, clientX, clientY }) {
  const box = target.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}

// Ctrl, Cmd, Shift and the middle button keep their meaning: a new tab, not the drawer.
document.addEventListener("htmx:confirm", (event) => {
  const trigger = event.detail.triggeringEvent;
  const isLink = event.target.matches("a[href][data-drawer-open]");
  if (isLink && (trigger?.ctrlKey || trigger?.metaKey || trigger?.shiftKey)) event.preventDefault();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const drawer = document.getElementById(event.target.dataset?.drawerOpen ?? "");
  if (!drawer) return;
  drawer.dataset.openedBy = event.target.id;
  nameDrawer(drawer, event.target.textContent.trim(), event.target.href);
  if (!drawer.open) drawer.showModal();
});

document.addEventListener("htmx:afterSwap", (event) => {
  const drawer = event.target.closest?.("[data-drawer]");
  const content = drawer?.querySelector("[data-drawer-name]");
  if (content) nameDrawer(drawer, content.dataset.drawerName, content.dataset.drawerUrl);
  drawer?.querySelector(".drawer-body")?.scrollTo(0, 0);
});

// What opened the drawer may have been drawn anew meanwhile, in another column; the browser then focuses nothing.
document.addEventListener("close", ({ target }) => {
  if (!target.matches?.("[data-drawer]") || document.activeElement !== document.body) return;
  const contact = target.querySelector("[data-drawer-contact]")?.dataset.drawerContact;
  const ways = [target.dataset.openedBy, `card-${contact}-link`, "main"];
  ways.map((id) => id && document.getElementById(id)).find(Boolean)?.focus();
}, true);

function nameDrawer(drawer, name, url) {
  if (name) drawer.querySelector("[data-drawer-title]").textContent = name;
  const page = drawer.querySelector("[data-drawer-page]");
  page.hidden = !url;
  if (url) page.href = url;
}

// A dialog that only asks: resolves to its fields, or null if it was closed without an answer.
export function ask(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue ? answers(dialog) : null), { once: true });
    dialog.querySelector("form")?.reset();
    dialog.showModal();
  });
}

function answers(dialog) {
  return Object.fromEntries(new FormData(dialog.querySelector("form")));
}

// From the server: HX-Trigger: {"close-drawer": ""} once what the drawer was for is done.
document.addEventListener("close-drawer", () => document.querySelector("[data-drawer][open]")?.close());
document.addEventListener("close-dialog", () => document.querySelector("[data-dialog][open]")?.close());
