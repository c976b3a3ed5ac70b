// Cards by keyboard: arrows walk, Space picks up and puts down, arrows carry, Esc puts back, m asks where to.
import { neighbour, nextColumn } from "./board_logic.js";
import { columnOf, listOf, placeOf, putBack, settle } from "./board_moves.js";
import { say } from "./speech.js";
import { fill } from "./words.js";

let carried = null; // { card, origin }
let isMoving = false; // moving a node in the page blurs it; that isn't the person leaving

const columnsOf = (board) => [...board.querySelectorAll("[data-board-column]")];
const cardsOf = (column) => [...column.querySelectorAll("[data-board-card]")];
const linkOf = (card) => card.querySelector("a") ?? card;

export const isCarrying = () => carried !== null;

function tell(board, what, card) {
  const column = columnOf(card);
  const columns = columnsOf(board);
  say(fill(board.dataset[what], {
    name: card.dataset.name,
    stage: column.dataset.stageName,
    place: columns.indexOf(column) + 1,
    of: columns.length,
  }));
}

function pick(board, card) {
  carried = { card, origin: placeOf(card) };
  card.classList.add("is-picked");
  tell(board, "sayPicked", card);
}

function carry(board, key) {
  const { card } = carried;
  const columns = columnsOf(board);
  const isRightToLeft = document.documentElement.dir === "rtl";
  const next = nextColumn(columns.length, columns.indexOf(columnOf(card)), key, isRightToLeft);
  if (next === null) return;
  isMoving = true;
  listOf(columns[next]).prepend(card);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  linkOf(card).focus();
  isMoving = false;
  tell(board, "sayOver", card);
}

async function drop(board) {
  const { card, origin } = carried;
  const id = card.id;
  carried = null;
  card.classList.remove("is-picked");
  const stands = await settle(card, origin);
  const now = document.getElementById(id) ?? card;
  linkOf(now).focus();
  if (now.isConnected) tell(board, stands ? "sayDropped" : "sayBack", now);
}

function cancel(board) {
  const { card, origin } = carried;
  carried = null;
  card.classList.remove("is-picked");
  isMoving = true;
  putBack(card, origin);
  linkOf(card).focus();
  isMoving = false;
  tell(board, "sayBack", card);
}

function walk(board, card, key) {
  const columns = columnsOf(board).map(cardsOf);
  const column = columns.findIndex((cards) => cards.includes(card));
  const next = neighbour(columns, { column, place: columns[column].indexOf(card) }, key);
  if (next) linkOf(columns[next.column][next.place]).focus();
  return next !== null;
}

function whileCarrying(board, key) {
  if (key === "Escape") cancel(board);
  else if (key === " " || key === "Enter") drop(board);
  else if (key.startsWith("Arrow")) carry(board, key);
  else return false;
  return true;
}

function whileWalking(board, card, key) {
  if (key === " " && card.dataset.moveUrl) pick(board, card);
  else if (key === "m") card.querySelector("[data-board-menu]")?.click();
  else if (!key.startsWith("Arrow") || !walk(board, card, key)) return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-board-card]");
  const board = card?.closest("[data-board]");
  if (!board || event.target.closest("button") || event.ctrlKey || event.metaKey || event.altKey) return;
  const done = carried ? whileCarrying(board, event.key) : whileWalking(board, card, event.key);
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("focusout", (event) => {
  const board = carried?.card.contains(event.target) && carried.card.closest("[data-board]");
  if (board && !isMoving && !carried.card.contains(event.relatedTarget)) {
    const { card, origin } = carried;
    carried = null;
    card.classList.remove("is-picked");
    putBack(card, origin);
    tell(board, "sayBack", card);
  }
});
