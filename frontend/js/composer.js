// The box to answer in (inbox/composer.html): a counter by Meta's limit, drafts kept in this browser, quick replies
// by "/", files by paste and drop, Ctrl+Enter to send. All of it works without this file but for the comfort.
import { fill } from "./words.js";

const DRAFT_DAYS = 14;
const encoder = new TextEncoder();

// How much of a message's limit a text takes: characters on Messenger, bytes of UTF-8 on Instagram.
export function lengthOf(text, inBytes) {
  return inBytes ? encoder.encode(text).length : [...text].length;
}

// The quick replies that "/gr" at the start of a text may mean; none once the text goes on.
export function matchingReplies(text, replies) {
  const match = /^\/([\p{L}\p{N}_-]*)$/u.exec(text);
  if (!match) return [];
  const wanted = match[1].toLowerCase();
  return replies.filter((reply) => reply.shortcut.toLowerCase().startsWith(wanted)).slice(0, 8);
}

const composerOf = (element) => element.closest?.("[data-composer]");
const field = (composer) => composer.querySelector("[data-composer-text]");
const keyOf = (composer) => `draft:${composer.dataset.conversation}`;

function count(composer) {
  const text = field(composer);
  const shown = composer.querySelector("[data-composer-count]");
  const limit = Number(text.dataset.limit);
  const length = lengthOf(text.value.trim(), "limitBytes" in text.dataset);
  const parts = Math.ceil(length / limit);
  shown.classList.toggle("is-over", length > limit);
  if (length > limit) shown.textContent = `${length} / ${limit} · ${fill(shown.dataset.parts, { n: parts })}`;
  else shown.textContent = length > limit * 0.8 ? `${length} / ${limit}` : "";
}

function keepDraft(composer) {
  const text = field(composer).value;
  try {
    if (text) localStorage.setItem(keyOf(composer), JSON.stringify({ text, at: Date.now() }));
    else localStorage.removeItem(keyOf(composer));
  } catch {
    // A full or forbidden store: the draft lives as long as the page.
  }
}

function draftOf(composer) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(composer)) ?? "null")?.text ?? "";
  } catch {
    return "";
  }
}

function dropOldDrafts() {
  try {
    const oldest = Date.now() - DRAFT_DAYS * 86_400_000;
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith("draft:") && !(JSON.parse(localStorage.getItem(key))?.at > oldest)) localStorage.removeItem(key);
    }
  } catch {
    // Nothing to tidy up.
  }
}

function write(composer, text) {
  const box = field(composer);
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
}

// --- quick replies -------------------------------------------------------------------------------

const repliesOf = (composer) => [...composer.querySelectorAll("[data-composer-reply]")].map((link) => ({ shortcut: link.dataset.shortcutWord, text: link.dataset.text }));
const paletteOf = (composer) => composer.querySelector(".composer-palette");

function offer(composer) {
  const palette = paletteOf(composer);
  const found = matchingReplies(field(composer).value, repliesOf(composer));
  palette.replaceChildren(...found.map(option));
  palette.hidden = found.length === 0;
  field(composer).setAttribute("aria-expanded", String(found.length > 0));
  choose(composer, 0);
}

function option(reply, place) {
  const row = document.createElement("li");
  row.id = `reply-option-${place}`;
  row.setAttribute("role", "option");
  row.dataset.text = reply.text;
  const name = row.appendChild(document.createElement("b"));
  name.textContent = `/${reply.shortcut}`;
  const words = row.appendChild(document.createElement("span"));
  words.className = "clamp-1";
  words.textContent = reply.text;
  return row;
}

function choose(composer, place) {
  const rows = [...paletteOf(composer).children];
  rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === place)));
  const chosen = rows[place];
  if (chosen) field(composer).setAttribute("aria-activedescendant", chosen.id);
  else field(composer).removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function steer(composer, event) {
  const rows = [...paletteOf(composer).children];
  const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") choose(composer, (at + 1) % rows.length);
  else if (event.key === "ArrowUp") choose(composer, (at - 1 + rows.length) % rows.length);
  else if (event.key === "Enter" || event.key === "Tab") write(composer, rows[at].dataset.text);
  else if (event.key === "Escape") paletteOf(composer).hidden = true;
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// --- files ---------------------------------------------------------------------------------------

function add(composer, files) {
  const input = composer.querySelector("[data-composer-file]");
  const all = new DataTransfer();
  for (const file of [...input.files, ...files]) all.items.add(file);
  input.files = all.files;
  showFiles(composer);
}

function showFiles(composer) {
  const input = composer.querySelector("[data-composer-file]");
  const shown = composer.querySelector("[data-composer-files]");
  shown.hidden = input.files.length === 0;
  shown.replaceChildren(...[...input.files].map((file, place) => chip(composer, file, place)));
}

function chip(composer, file, place) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip chip-on";
  button.textContent = `${file.name} ✕`;
  button.addEventListener("click", () => {
    const input = composer.querySelector("[data-composer-file]");
    const rest = new DataTransfer();
    [...input.files].forEach((kept, at) => at !== place && rest.items.add(kept));
    input.files = rest.files;
    showFiles(composer);
    field(composer).focus();
  });
  return button;
}

// --- the page ------------------------------------------------------------------------------------

function begin(root = document) {
  for (const composer of root.querySelectorAll?.("[data-composer]") ?? []) {
    const box = field(composer);
    if (!box || composer.dataset.begun) continue;
    composer.dataset.begun = "yes";
    if (!box.value) box.value = draftOf(composer);
    count(composer);
  }
}

if (typeof document !== "undefined") {
  dropOldDrafts();
  begin();
  document.addEventListener("htmx:load", () => begin());

  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.("[data-composer-text]")) return;
    const composer = composerOf(target);
    count(composer);
    keepDraft(composer);
    offer(composer);
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-composer-text]") || event.isComposing) return;
    const composer = composerOf(event.target);
    if (!paletteOf(composer).hidden) steer(composer, event);
    if (event.defaultPrevented) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.target.form.requestSubmit(composer.querySelector("[data-composer-send]"));
    } else if (event.key === "Escape") event.target.blur();
  });

  document.addEventListener("click", (event) => {
    const reply = event.target.closest?.("[data-composer-reply], .composer-palette > li");
    if (!reply) return;
    event.preventDefault();
    write(composerOf(reply), reply.dataset.text);
  });

  document.addEventListener("change", ({ target }) => {
    if (target.matches?.("[data-composer-file]")) showFiles(composerOf(target));
  });

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!event.target.matches?.("[data-composer-text]") || files.length === 0) return;
    event.preventDefault();
    add(composerOf(event.target), files);
  });

  for (const type of ["dragover", "drop"]) {
    document.addEventListener(type, (event) => {
      const composer = event.target.closest?.("[data-composer]");
      if (!composer?.querySelector("[data-composer-file]") || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (type === "drop") add(composer, event.dataTransfer.files);
    });
  }

  document.addEventListener("click", (event) => {
    const drop = event.target.closest?.("[data-composer-answered-drop]");
    if (!drop) return;
    event.preventDefault();
    const composer = composerOf(drop);
    drop.closest("[data-composer-answered]").remove();
    field(composer).focus();
  });

  document.addEventListener("composer-sent", ({ detail }) => {
    for (const composer of document.querySelectorAll(`[data-composer][data-conversation="${detail.conversation}"]`)) {
      const input = composer.querySelector("[data-composer-file]");
      if (!input) continue;
      input.value = "";
      showFiles(composer);
      write(composer, "");
      composer.querySelector("[data-composer-answered]")?.remove();
    }
    try {
      localStorage.removeItem(`draft:${detail.conversation}`);
    } catch {
      // As above.
    }
  });
}
