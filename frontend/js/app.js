// What every page loads. Each module listens on document for its own data attributes, so that
// rows that htmx swaps in later work as well. Rarely needed behaviours are fetched when a page has them.
import "htmx.org";
import "./theme.js";
import "./overlays.js";
import "./menu.js";
import "./toast.js";
import "./faults.js";
import "./shortcuts.js";
import "./thread_days.js";
import "./times.js";
import "./tabs.js";
import "./live.js";
import "./forms.js";
import "./drawer_address.js";

const LATER = [
  ["[data-board]", () => import("./board.js")],
  ["[data-evidence]", () => import("./evidence.js")],
  ["[data-upload]", () => import("./upload.js")],
  ["[data-reorder]", () => import("./reorder.js")],
  ["[data-columns]", () => import("./columns.js")],
  ["[data-select]", () => import("./select.js")],
  ["[data-review-answer]", () => import("./review.js")],
  ["[data-composer]", () => import("./composer.js")],
  ["[data-contact-live]", () => import("./contact_live.js")],
  ["[data-list-live]", () => import("./list_live.js")],
  ["[data-draft]", () => import("./drafts.js")],
  ["[data-inbox]", () => import("./inbox.js")],
];

function fetchWhatIsNeeded() {
  for (const [selector, load] of LATER) if (document.querySelector(selector)) load();
}

fetchWhatIsNeeded();
document.addEventListener("htmx:load", fetchWhatIsNeeded);
