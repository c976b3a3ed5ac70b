// What a key means on the board; knows no page. `columns` are lists of card ids, in the page's order.

// Where the focus goes from a card: {column, place}, or null at an edge. Empty columns are stepped over.
export function neighbour(columns, { column, place }, key) {
  if (key === "ArrowUp") return place > 0 ? { column, place: place - 1 } : null;
  if (key === "ArrowDown") return place < columns[column].length - 1 ? { column, place: place + 1 } : null;
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  for (let at = column + step; step && at >= 0 && at < columns.length; at += step) {
    if (columns[at].length > 0) return { column: at, place: Math.min(place, columns[at].length - 1) };
  }
  return null;
}

// The column that a carried card goes to, or null at an edge. In right-to-left pages left is forward.
export function nextColumn(count, column, key, isRightToLeft = false) {
  const forward = isRightToLeft ? "ArrowLeft" : "ArrowRight";
  const back = isRightToLeft ? "ArrowRight" : "ArrowLeft";
  const next = column + (key === forward ? 1 : key === back ? -1 : 0);
  return next !== column && next >= 0 && next < count ? next : null;
}

// "id=1&id=0" <-> which columns a person folded or unfolded by hand (the cookie `board_folds`).
export function withFold(cookie, stage, isFolded) {
  const folds = new URLSearchParams(cookie);
  folds.set(stage, isFolded ? "1" : "0");
  return folds.toString();
}

// Where a finger that carries a card turns the board: -1 at the screen's left edge, 1 at its right one, else 0.
const EDGE = 48; // px: about a finger's width, and the page's own margin is in it
export const turnAt = (x, width) => (x < EDGE ? -1 : x > width - EDGE ? 1 : 0);
