import assert from "node:assert/strict";
import { test } from "node:test";
import { nextWait } from "./live.js";
import { between } from "./select.js";
import { matching, pressedAfter } from "./shortcuts.js";
import { beginnings } from "./thread_days.js";
import { distance } from "./times.js";
import { figures } from "./upload.js";
import { fill } from "./words.js";

test("two keys make one shortcut when they follow each other within a second", () => {
  assert.deepEqual(pressedAfter(["g"], "b", 400), ["g", "b"]);
  assert.deepEqual(pressedAfter(["g"], "b", 1400), ["b"]);
  assert.equal(matching(["g", "b"], ["b", "g b"]), "g b");
  assert.equal(matching(["x", "/"], ["/", "g b"]), "/");
  assert.equal(matching(["x"], ["/", "g b"]), null);
});

test("a moment's distance is told in its largest whole unit", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  assert.deepEqual(distance(new Date("2026-11-22T11:55:00Z"), now), [-5, "minute"]);
  assert.deepEqual(distance(new Date("2026-11-20T11:55:00Z"), now), [-2, "day"]);
  assert.equal(distance(new Date("2026-11-22T11:59:40Z"), now), null);
});

test("waits double up to half a minute", () => {
  assert.equal(nextWait(1000), 2000);
  assert.equal(nextWait(20_000), 30_000);
});

test("a range reads the same in both directions", () => {
  assert.deepEqual(between(["a", "b", "c", "d"], 1, 3), ["b", "c", "d"]);
  assert.deepEqual(between(["a", "b", "c", "d"], 3, 1), ["b", "c", "d"]);
});

test("sizes are in megabytes, names fall into their places", () => {
  assert.equal(figures(1_572_864, 52_428_800), "1.5 / 50 MB");
  assert.equal(fill("{name} moved to {stage}", { name: "Ana", stage: "Won" }), "Ana moved to Won");
  assert.equal(fill("{other} stays", {}), "{other} stays");
});

test("a thread's days begin where they do for the viewer", () => {
  const at = (...parts) => new Date(...parts).getTime();
  assert.deepEqual(beginnings([at(2026, 1, 1, 23, 50), at(2026, 1, 2, 0, 10), at(2026, 1, 2, 9), at(2026, 1, 4, 9)]), [0, 1, 3]);
  assert.deepEqual(beginnings([]), []);
});
