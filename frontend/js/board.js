// The board: cards by mouse and by long press (SortableJS), by keyboard (board_keyboard.js) and by "Move to…";
// folding; the phone's stage switcher; columns refreshed in place when live news touch them.
import Sortable from "sortablejs";
import { isCarrying } from "./board_keyboard.js";
import { withFold } from "./board_logic.js";
import { listOf, placeOf, refresh, settle } from "./board_moves.js";
import { scrollStep, startTurning, stopTurning } from "./board_turning.js";
import { remember } from "./cookies.js";

const LONG_PRESS_MS = 220;
const NEWS_PAUSE_MS = 400;

let origin = null; // where the dragged card came from
let awaiting = new Set(); // stages with news, "*" for all
let timer = 0;

const board = () => document.querySelector("[data-board]");

function makeSortable(list) {
  if (Sortable.get(list)) return;
  Sortable.create(list, {
    group: "board",
    draggable: "[data-board-card][data-move-url]", // others may only be looked at
    filter: "button, .load-more",
    preventOnFilter: false,
    sort: false, // a column's order is the server's
    delay: LONG_PRESS_MS,
    delayOnTouchOnly: true,
    touchStartThreshold: 6,
    forceFallback: true, // the same drag everywhere, and one that can be styled
    fallbackTolerance: 5,
    fallbackOnBody: true,
    scrollSensitivity: 70,
    bubbleScroll: true,
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 160,
    ghostClass: "is-ghost",
    dragClass: "is-carried",
    scrollFn: scrollStep,
    onStart: ({ item }) => {
      origin = placeOf(item);
      startTurning(board(), (column) => {
        listOf(column).prepend(item);
        mark(listOf(column));
      });
    },
    onMove: ({ to }) => mark(to),
    onEnd: ({ item }) => {
      stopTurning();
      mark(null);
      const from = origin;
      origin = null;
      settle(item, from).finally(soon);
    },
  });
}

function mark(list) {
  for (const column of document.querySelectorAll("[data-board-column]")) {
    column.classList.toggle("is-target", list !== null && column.contains(list));
  }
}

function setUp() {
  for (const list of document.querySelectorAll("[data-board-cards]")) makeSortable(list);
  for (const column of document.querySelectorAll("[data-board-column]")) seen?.observe(column);
}

// Folding ---------------------------------------------------------------------

function fold(column) {
  const isFolded = column.dataset.folded !== "true";
  column.dataset.folded = String(isFolded);
  column.querySelector("[data-board-fold]").setAttribute("aria-expanded", String(!isFolded));
  const before = /(?:^|; )board_folds=([^;]*)/.exec(document.cookie)?.[1] ?? "";
  remember("board_folds", withFold(decodeURIComponent(before), column.dataset.stage, isFolded));
}

// Move to… ----------------------------------------------------------------------

function askWhereTo(card) {
  const dialog = document.getElementById("board-move");
  dialog.dataset.card = card.id;
  dialog.querySelector(".dialog-title").textContent = card.querySelector("[data-board-menu]").getAttribute("aria-label");
  for (const choice of dialog.querySelectorAll("[data-board-to]")) {
    const isHere = choice.dataset.boardTo === card.closest("[data-board-column]").dataset.stage;
    choice.disabled = isHere;
    choice.toggleAttribute("aria-current", isHere);
  }
  dialog.showModal();
}

async function moveTo(choice) {
  const dialog = choice.closest("dialog");
  const card = document.getElementById(dialog.dataset.card);
  const column = document.querySelector(`[data-board-column][data-stage="${choice.dataset.boardTo}"]`);
  dialog.close();
  const from = placeOf(card);
  listOf(column).prepend(card);
  await settle(card, from);
  document.getElementById(card.id)?.querySelector("a")?.focus();
}

// The phone's switcher -----------------------------------------------------------

const seen = "IntersectionObserver" in window ? new IntersectionObserver(showCurrent, { threshold: 0.6 }) : null;

function showCurrent(entries) {
  for (const { target, isIntersecting } of entries) {
    const chip = document.querySelector(`[data-board-switch="${target.dataset.stage}"]`);
    chip?.toggleAttribute("aria-current", isIntersecting);
    if (!isIntersecting || !chip) continue;
    chip.setAttribute("aria-current", "true");
    chip.parentElement.scrollTo({ left: chip.offsetLeft - 40, behavior: "smooth" });
  }
}

document.addEventListener("click", (event) => {
  const target = event.target;
  const foldButton = target.closest?.("[data-board-fold]");
  if (foldButton) return fold(foldButton.closest("[data-board-column]"));
  const menu = target.closest?.("[data-board-menu]");
  if (menu) {
    event.preventDefault(); // it submits a plain form where there is no script
    return askWhereTo(menu.closest("[data-board-card]"));
  }
  const choice = target.closest?.("[data-board-to]");
  if (choice) return moveTo(choice);
  const chip = target.closest?.("[data-board-switch]");
  if (!chip) return;
  event.preventDefault();
  const column = document.querySelector(`[data-board-column][data-stage="${chip.dataset.boardSwitch}"]`);
  board().scrollTo({ left: column.offsetLeft - board().offsetLeft, behavior: "smooth" });
});

// Live news ----------------------------------------------------------------------

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refreshAwaiting, NEWS_PAUSE_MS);
}

function refreshAwaiting() {
  if (origin || isCarrying() || document.querySelector(".contact-card.is-saving")) return soon();
  const columns = [...document.querySelectorAll("[data-board-column]")];
  refresh(awaiting.has("*") ? columns : columns.filter(({ dataset }) => awaiting.has(dataset.stage)));
  refresh([document.getElementById("board-unplaced")]);
  awaiting = new Set();
}

function hear(stages) {
  for (const stage of stages) awaiting.add(String(stage));
  if (board() && awaiting.size > 0) soon();
}

document.addEventListener("live", ({ detail }) => hear([...(detail.stages ?? []), ...stageOf(detail.contact)]));

// News of a contact that say no stage concern the column where its card is.
function stageOf(contact) {
  const column = document.getElementById(`card-${contact}`)?.closest("[data-board-column]");
  return column ? [column.dataset.stage] : [];
}

document.addEventListener("live:resync", () => hear(["*"]));
// From the server after an undo: HX-Trigger: {"board-changed": {"stages": [...]}}
document.addEventListener("board-changed", ({ detail }) => hear(detail.stages ?? ["*"]));

// A refreshed column keeps what is loaded, its scroll and its fold.
let places = new Map();

document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (!target.matches?.("[data-board-column]")) return;
  detail.parameters.loaded = target.querySelectorAll("[data-board-card]").length;
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const column = detail.target;
  if (column.matches?.("[data-board-column]")) places.set(column.id, listOf(column).scrollTop);
});
// A card that was moved here may come once more with the cards that are loaded later.
function forgetDoubles() {
  for (const list of document.querySelectorAll("[data-board-cards]")) {
    const met = new Set();
    for (const card of list.querySelectorAll("[data-board-card]")) {
      if (met.has(card.id)) card.remove();
      met.add(card.id);
    }
  }
}

document.addEventListener("htmx:afterSettle", () => {
  forgetDoubles();
  for (const [id, top] of places) {
    const list = document.getElementById(id)?.querySelector("[data-board-cards]");
    if (list) list.scrollTop = top;
  }
  places = new Map();
  setUp();
});

setUp();
