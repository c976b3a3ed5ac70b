import assert from "node:assert/strict";
import { test } from "node:test";

import { lengthOf, matchingReplies } from "./composer.js";
import { isAbout } from "./live.js";

test("lengthOf counts characters for Messenger and bytes for Instagram", () => {
  const counted = ["hm po", "مرحبا", "👍", "ñ"].map((text) => [lengthOf(text, false), lengthOf(text, true)]);
  assert.deepEqual(counted, [[5, 5], [5, 10], [1, 4], [1, 2]]);
});

test("matchingReplies offers what a slash and letters begin", () => {
  const replies = [{ shortcut: "Greeting", text: "Hi" }, { shortcut: "gcash", text: "0917" }, { shortcut: "سعر", text: "500" }];
  const names = (text) => matchingReplies(text, replies).map((reply) => reply.shortcut);
  assert.deepEqual(names("/"), ["Greeting", "gcash", "سعر"]);
  assert.deepEqual(names("/g"), ["Greeting", "gcash"]);
  assert.deepEqual(names("/سع"), ["سعر"]);
  assert.deepEqual(names("/g hello"), []);
  assert.deepEqual(names("hello /g"), []);
});

test("isAbout takes news of this contact, and of so many that nobody is named", () => {
  assert.equal(isAbout({ kind: "conversation.changed", contact: "a" }, "a"), true);
  assert.equal(isAbout({ kind: "conversation.changed", contact: "b" }, "a"), false);
  assert.equal(isAbout({ kind: "messages.changed", contacts: ["b", "a"] }, "a"), true);
  assert.equal(isAbout({ kind: "messages.changed", contacts: ["b"] }, "a"), false);
  assert.equal(isAbout({ kind: "messages.changed" }, "a"), true);
  assert.equal(isAbout({ kind: "contacts.changed" }, "a"), false); // the stream holds it back for a while
  assert.equal(isAbout({ kind: "contacts.changed", stages: ["*"] }, "a"), true);
  assert.equal(isAbout({ kind: "contacts.changed", stages: ["*"], contacts: ["b"] }, "a"), false);
});
