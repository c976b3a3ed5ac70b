// The conversation on a contact's page: drawn anew when news is about it, with as many messages as it holds. What is
// being written stands beside it and stays.
import htmx from "htmx.org";

import { isAbout } from "./live.js";

const SETTLE_MS = 250;
let timer = 0;

const live = () => document.querySelector("[data-contact-live]");

function redraw() {
  clearTimeout(timer);
  timer = setTimeout(() => live() && htmx.trigger(live(), "refresh"), SETTLE_MS);
}

if (typeof document !== "undefined") {
  document.addEventListener("live", ({ detail }) => {
    if (live() && isAbout(detail, live().dataset.contactLive)) redraw();
  });
  document.addEventListener("live:resync", redraw);
  document.addEventListener("htmx:configRequest", ({ target, detail }) => {
    if (target.id === "contact-live") detail.parameters.loaded = target.querySelectorAll(".message:not(.outgoing)").length;
  });
}
