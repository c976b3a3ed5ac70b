import assert from "node:assert/strict";
import { test } from "node:test";
import { neighbour, nextColumn, turnAt, withFold } from "./board_logic.js";

const COLUMNS = [["a", "b", "c"], [], ["d"]];

test("down and up stay in the column and stop at its ends", () => {
  assert.deepEqual(neighbour(COLUMNS, { column: 0, place: 0 }, "ArrowDown"), { column: 0, place: 1 });
  assert.deepEqual(neighbour(COLUMNS, { column: 0, place: 2 }, "ArrowUp"), { column: 0, place: 1 });
  assert.equal(neighbour(COLUMNS, { column: 0, place: 2 }, "ArrowDown"), null);
  assert.equal(neighbour(COLUMNS, { column: 0, place: 0 }, "ArrowUp"), null);
});

test("right steps over an empty column to the nearest row", () => {
  assert.deepEqual(neighbour(COLUMNS, { column: 0, place: 2 }, "ArrowRight"), { column: 2, place: 0 });
  assert.equal(neighbour(COLUMNS, { column: 2, place: 0 }, "ArrowRight"), null);
});

test("a carried card stops at the edges and turns round in right-to-left pages", () => {
  assert.equal(nextColumn(3, 0, "ArrowRight"), 1);
  assert.equal(nextColumn(3, 0, "ArrowLeft"), null);
  assert.equal(nextColumn(3, 2, "ArrowRight"), null);
  assert.equal(nextColumn(3, 0, "ArrowLeft", true), 1);
  assert.equal(nextColumn(3, 1, "ArrowUp"), null);
});

test("folds are kept by stage", () => {
  assert.equal(withFold("", "s1", true), "s1=1");
  assert.equal(withFold("s1=1&s2=0", "s1", false), "s1=0&s2=0");
});

test("only the screen's edges turn the board", () => {
  assert.deepEqual([0, 47, 48, 180, 312, 313, 360].map((x) => turnAt(x, 360)), [-1, -1, 0, 0, 0, 1, 1]);
});
