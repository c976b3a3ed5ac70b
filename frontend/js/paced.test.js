import assert from "node:assert/strict";
import { test } from "node:test";

import { paced } from "./paced.js";

const settled = () => new Promise((done) => setImmediate(done));

test("paced answers many askings by one action, soon", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let count = 0;
  const ask = paced(() => count++, { soonMs: 100, gapMs: 1000 });
  ask();
  ask();
  context.mock.timers.tick(99);
  assert.equal(count, 0);
  context.mock.timers.tick(1);
  assert.equal(count, 1);
});

test("paced does once more what was asked while it was at it, and not before the gap is over", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let count = 0;
  let finish;
  const ask = paced(() => (count++, new Promise((done) => (finish = done))), { soonMs: 100, gapMs: 1000 });
  ask();
  context.mock.timers.tick(100);
  ask();
  ask();
  finish();
  await settled();
  context.mock.timers.tick(999);
  assert.equal(count, 1);
  context.mock.timers.tick(1);
  assert.equal(count, 2);
});

test("paced goes on after an action that failed", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let count = 0;
  const ask = paced(async () => {
    count++;
    if (count === 1) throw new Error("offline");
  }, { soonMs: 100, gapMs: 1000 });
  ask();
  context.mock.timers.tick(100);
  await settled();
  ask();
  context.mock.timers.tick(1000);
  assert.equal(count, 2);
});
