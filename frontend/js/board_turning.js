// On a phone one column fills the screen: a card held at the screen's edge turns the board to the next column, one at
// a time and slowly enough to let go in between. Sortable's own scrolling is too fast for that, and the snapping of the
// columns works against it.
import { turnAt } from "./board_logic.js";

const LOOK_MS = 100;
const FIRST_MS = 450; // a card that only passes the edge turns nothing
const NEXT_MS = 1000;

const onPhone = matchMedia("(width < 48rem)");
let fingerX = null;
let looking = 0;

addEventListener("pointermove", ({ clientX }) => (fingerX = clientX), { capture: true, passive: true });
addEventListener("touchmove", ({ touches }) => (fingerX = touches[0].clientX), { capture: true, passive: true });

// Sortable asks this before each step: on a phone it scrolls within a column, never from column to column.
export const scrollStep = (x, y, event, touch, scrolled) =>
  onPhone.matches && scrolled.matches("[data-board]") ? "stop" : "continue";

function nextColumn(board, step) {
  const columns = [...board.querySelectorAll("[data-board-column]")];
  const middle = board.getBoundingClientRect().left + board.clientWidth / 2;
  const distance = (column) => {
    const { left, width } = column.getBoundingClientRect();
    return Math.abs(left + width / 2 - middle);
  };
  const nearest = columns.reduce((best, column) => (distance(column) < distance(best) ? column : best));
  return columns[columns.indexOf(nearest) + step];
}

function turn(board, step, onTurn) {
  const isMirrored = getComputedStyle(board).direction === "rtl";
  const column = nextColumn(board, isMirrored ? -step : step);
  if (!column) return;
  board.scrollTo({ left: column.offsetLeft - board.offsetLeft, behavior: "smooth" });
  onTurn(column);
}

// `onTurn` hears which column has come under the card: a finger that rests sends nothing by which Sortable would know.
export function startTurning(board, onTurn) {
  stopTurning();
  if (!onPhone.matches) return;
  let [side, due] = [0, 0];
  fingerX = null;
  looking = setInterval(() => {
    const now = performance.now();
    const at = fingerX === null ? 0 : turnAt(fingerX, innerWidth);
    if (at !== side) [side, due] = [at, now + FIRST_MS];
    if (side === 0 || now < due) return;
    due = now + NEXT_MS;
    turn(board, side, onTurn);
  }, LOOK_MS);
}

export function stopTurning() {
  clearInterval(looking);
}
