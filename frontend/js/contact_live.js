// A contact's page: when news is about its contact, each <… data-part="name"> is drawn anew by itself, as soon as
// nobody is at work in it. What is being written, a chosen stage or an open dialog stays.
import htmx from "htmx.org";

import { isAbout } from "./live.js";
import { paced } from "./paced.js";
import { fetchPart, fill, isBusy, isClicking, wording } from "./redraw.js";

const SOON_MS = 250;
const GAP_MS = 1_500;

const page = () => document.querySelector("[data-contact-live]");
let isBehind = false; // a part was in use when there was news of it

const refresh = paced(async () => {
  const shown = page();
  if (!shown) return;
  const address = new URL(shown.getAttribute("hx-get"), location.href);
  address.searchParams.set("loaded", shown.querySelectorAll(".message:not(.outgoing)").length);
  const fresh = await fetchPart(address, "contact-body");
  if (!fresh || page() !== shown) return;
  if (isClicking()) refresh();
  else show(shown, fresh);
}, { soonMs: SOON_MS, gapMs: GAP_MS });

function show(shown, fresh) {
  isBehind = false;
  for (const part of shown.querySelectorAll("[data-part]")) {
    const drawn = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!drawn || wording(part) === wording(drawn)) continue;
    if (isBusy(part)) isBehind = true;
    else if (part.querySelector(".timeline") && drawn.querySelector(".timeline")) grow(part, drawn);
    else fill(part, drawn);
  }
}

// What has happened stays so: new entries come on top of those that are loaded, however many these are.
function grow(part, drawn) {
  const known = new Set([...part.querySelectorAll(".timeline-row")].map(wording));
  const news = [...drawn.querySelectorAll(".timeline-row")].filter((row) => !known.has(wording(row)));
  part.querySelector(".timeline").prepend(...news);
  for (const row of news) htmx.trigger(row, "htmx:load");
}

if (typeof document !== "undefined") {
  document.addEventListener("live", ({ detail }) => page() && isAbout(detail, page().dataset.contactLive) && refresh());
  document.addEventListener("live:resync", () => page() && refresh());
  for (const left of ["focusout", "close", "toggle"]) document.addEventListener(left, () => isBehind && refresh(), true);
}
