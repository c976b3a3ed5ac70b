// The list of contacts: rows change in their places, and a bar tells of new ones instead of pushing them in.
//   <div data-list-live="/contacts/news?…">   draws the rows <tr data-row="id"> anew, and the bar
//     <div data-list-news>                    the bar; its link shows the list as it would be now
import htmx from "htmx.org";

import { paced } from "./paced.js";
import { fetchPart, fill, isClicking, wording } from "./redraw.js";

const SOON_MS = 400;
const GAP_MS = 2_000;

let ticked = null; // those to tick again once the list is shown anew

const list = () => document.querySelector("[data-list-live]");
const rowsOf = (shown) => [...shown.querySelectorAll("tr[data-row]")];
const tickOf = (row) => row.querySelector("[data-select-row]");

// News of one contact, or of many as far as the stream lets them through.
export function touches(news) {
  return Boolean(news.contact) || news.stages?.length > 0 || news.kind === "resync";
}

const refresh = paced(async () => {
  const shown = list();
  if (!shown || document.querySelector("dialog[open]")) return; // a dialog asks again when it is closed
  const address = new URL(shown.dataset.listLive, location.href);
  address.searchParams.set("ids", rowsOf(shown).map((row) => row.dataset.row).join(","));
  const fresh = await fetchPart(address, "list-news");
  if (!fresh || list() !== shown) return;
  if (isClicking() || document.querySelector("dialog[open]")) refresh();
  else show(shown, fresh);
}, { soonMs: SOON_MS, gapMs: GAP_MS });

function show(shown, fresh) {
  for (const row of rowsOf(shown)) {
    const drawn = fresh.querySelector(`tr[data-row="${row.dataset.row}"]`);
    if (drawn) renew(row, drawn);
    else drop(row);
  }
  const bar = shown.querySelector("[data-list-news]");
  const told = fresh.querySelector("[data-list-news]");
  if (wording(bar) !== wording(told)) fill(bar, told);
}

// The first cell holds the tick, which is the person's.
function renew(row, drawn) {
  tickOf(row).ariaLabel = tickOf(drawn).ariaLabel;
  for (const [place, cell] of [...drawn.cells].entries()) {
    if (place > 0 && wording(row.cells[place]) !== wording(cell)) fill(row.cells[place], cell);
  }
}

// A contact that was erased.
function drop(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const form = row.closest("form");
  if (row.contains(document.activeElement)) next?.querySelector("a")?.focus({ preventScroll: true });
  row.remove();
  htmx.trigger(form, "htmx:load"); // what counts the ticks looks again
}

function tickAgain() {
  for (const row of rowsOf(list())) if (ticked.has(row.dataset.row)) tickOf(row).checked = true;
  ticked = null;
  const form = list().querySelector("form");
  if (form) htmx.trigger(form, "htmx:load");
  list().querySelector(".table-name")?.focus();
}

if (typeof document !== "undefined") {
  document.addEventListener("live", ({ detail }) => list() && touches(detail) && refresh());
  document.addEventListener("live:resync", () => list() && refresh());
  document.addEventListener("close", () => list() && refresh(), true); // of a dialog: it doesn't bubble
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target !== list() || !detail.requestConfig.elt.closest("[data-list-news]")) return;
    ticked = new Set(rowsOf(list()).filter((row) => tickOf(row).checked).map((row) => row.dataset.row));
  });
  document.addEventListener("htmx:afterSettle", () => ticked && list() && tickAgain());
}
