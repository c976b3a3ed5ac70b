// The inbox: news redraws the open conversation and the list, and both keep their place. j and k walk the list.
import htmx from "htmx.org";

const NEAR_END_PX = 80;
const SETTLE_MS = 250;
const ALL = new Set(["contacts.changed", "run.changed", "resync"]);
const timers = new Map();

const live = () => document.getElementById("thread-live");
const list = () => document.getElementById("inbox-list");

// Whether news is about the conversation with this contact.
export function concerns(news, contact) {
  return ALL.has(news.kind) || (Boolean(contact) && (news.contact === contact || news.contacts?.includes(contact) === true));
}

export function isNearEnd({ scrollTop, clientHeight, scrollHeight }) {
  return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
}

function soon(name, action) {
  clearTimeout(timers.get(name));
  timers.set(name, setTimeout(action, SETTLE_MS));
}

function toEnd() {
  const thread = live();
  if (thread) thread.scrollTop = thread.scrollHeight;
}

function mark(url) {
  for (const row of document.querySelectorAll("[data-inbox-row]")) {
    const isOpen = new URL(row.href).pathname === url.pathname;
    if (isOpen) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    if (isOpen) row.classList.remove("is-unread");
  }
}

function walk(step) {
  const rows = [...document.querySelectorAll("[data-inbox-row]")];
  const at = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.scrollIntoView({ block: "nearest" });
  next?.click();
}

if (typeof document !== "undefined" && document.querySelector("[data-inbox]")) {
  toEnd();
  let place = null;

  document.addEventListener("live", ({ detail }) => {
    if (!document.querySelector("[data-inbox]")) return;
    const thread = live();
    if (thread && concerns(detail, thread.dataset.contact)) soon("thread", () => htmx.trigger(live(), "refresh"));
    if (detail.contact || detail.kind === "messages.changed" || ALL.has(detail.kind)) soon("list", () => htmx.trigger(list(), "refresh"));
  });
  document.addEventListener("live:resync", () => {
    if (live()) htmx.trigger(live(), "refresh");
    if (list()) htmx.trigger(list(), "refresh");
  });
  document.addEventListener("inbox-changed", () => soon("list", () => htmx.trigger(list(), "refresh")));

  document.addEventListener("htmx:configRequest", ({ target, detail }) => {
    if (target.id === "thread-live") detail.parameters.loaded = target.querySelectorAll(".message").length;
    // The list is drawn anew for the address that is shown, so that what is open stays marked.
    if (target.id === "inbox-list") detail.path = location.pathname.replace(/\/inbox\/.*/, "/inbox") + location.search;
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const target = detail.target;
    if (target.id === "thread-live") place = { atEnd: isNearEnd(target), fromEnd: target.scrollHeight - target.scrollTop, count: target.querySelectorAll(".message").length };
    else if (target.id === "inbox-list") place = { list: target.querySelector(".inbox-rows")?.scrollTop ?? 0, focus: document.activeElement?.id };
    else place = null;
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const target = detail.target ?? detail.elt;
    if (detail.elt.id === "inbox-thread" || target.id === "inbox-thread") {
      document.querySelector("[data-inbox]").classList.add("inbox-has-thread");
      mark(location);
      toEnd();
    } else if (detail.elt.id === "thread-live" && place && "atEnd" in place) {
      const thread = live();
      if (place.atEnd || detail.requestConfig?.verb === "post") toEnd();
      else thread.scrollTop = thread.scrollHeight - place.fromEnd;
    } else if (detail.elt.id === "inbox-list" && place && "list" in place) {
      const rows = list().querySelector(".inbox-rows");
      if (rows) rows.scrollTop = place.list;
      mark(location);
      document.getElementById(place.focus)?.focus({ preventScroll: true });
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input, textarea, select, [contenteditable=true]") || document.querySelector("dialog[open]")) return;
    if (/(?:^|; )shortcuts=off/.test(document.cookie)) return;
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
  });
}
