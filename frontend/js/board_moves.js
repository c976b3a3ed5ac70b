// Moving a card: at once on the screen, then on the server; back again if the server says no.
import htmx from "htmx.org";
import { ask } from "./overlays.js";

export const listOf = (column) => column.querySelector("[data-board-cards]");
export const columnOf = (card) => card.closest("[data-board-column]");
export const placeOf = (card) => ({ list: card.parentElement, before: card.nextElementSibling });

function count(column, step) {
  const figure = column.querySelector("[data-board-count]");
  if (!figure) return;
  const next = Math.max(0, Number(figure.dataset.boardCount) + step);
  figure.dataset.boardCount = next;
  figure.textContent = next.toLocaleString(document.documentElement.lang);
}

export function putBack(card, { list, before }) {
  const now = columnOf(card);
  const then = list.closest("[data-board-column]");
  list.insertBefore(card, before?.parentElement === list ? before : null);
  if (now && now !== then) return then;
  return now;
}

// Sends the move of `card`, which already is in its new column, there. Resolves to whether it stands.
export async function settle(card, origin) {
  const to = columnOf(card);
  const from = origin.list.closest("[data-board-column]");
  if (to === from) return true;
  const asked = to.dataset.boardAsk ? await ask(document.getElementById(to.dataset.boardAsk)) : {};
  if (asked === null) {
    putBack(card, origin);
    return false;
  }
  count(from, -1);
  count(to, +1);
  const status = await send(card, to.dataset.stage, asked);
  if (status >= 200 && status < 300) return true;
  count(from, +1);
  count(to, -1);
  putBack(card, origin);
  // Somebody was first, and put it in any of the columns.
  if (status === 409) refresh(document.querySelectorAll("[data-board-column]"));
  return false;
}

function send(card, stage, asked) {
  const values = { ...asked, stage, version: card.dataset.version };
  card.classList.add("is-saving");
  return new Promise((resolve) => {
    const finished = ({ detail }) => {
      if (detail.target !== card) return;
      document.removeEventListener("htmx:afterRequest", finished);
      card.classList.remove("is-saving");
      resolve(detail.xhr.status);
    };
    document.addEventListener("htmx:afterRequest", finished);
    // Without a connection its promise is rejected, with nothing that htmx:afterRequest hasn't told.
    htmx.ajax("POST", card.dataset.moveUrl, { source: card, target: card, swap: "outerHTML", values }).catch(() => {});
  });
}

export function refresh(columns) {
  for (const column of columns) if (column?.isConnected) htmx.trigger(column, "board:refresh");
}
