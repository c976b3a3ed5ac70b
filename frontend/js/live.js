// data-live-url="/events": listens there for server-sent events, each a JSON object with a `kind`, and fires
// `live` and `live:<kind>` on the element with the object as detail. To refresh something on news:
//   <div hx-get="…" hx-trigger="live:run_progress from:body">
// A stream may also name its events: `event: run` fires live:run; `event: end` fires live:end and is the last.
// After a gap (server restarted, laptop asleep) it fires live:resync once: whatever was missed, ask again.
// One connection a page; none while the tab is hidden, so that many tabs don't eat the browser's six.
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const HIDDEN_FOR_MS = 30_000;

// Whether news is about this contact; news of very many names nobody, and is let through now and then with `stages`.
export function isAbout(news, contact) {
  if (news.contact) return news.contact === contact;
  if (news.contacts) return news.contacts.includes(contact);
  return ["messages.changed", "contacts.moved"].includes(news.kind) || news.stages?.includes("*") === true;
}

export const nextWait = (wait) => Math.min(wait * 2, LONGEST_WAIT_MS);

let source = null;
let wait = FIRST_WAIT_MS;
let hadGap = false;
let retry = 0;
let hiding = 0;

const listeners = () => document.querySelectorAll("[data-live-url]");

function tell(name, detail) {
  for (const element of listeners()) element.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
}

function read(event) {
  try {
    const news = JSON.parse(event.data);
    tell("live", news);
    tell(`live:${news.kind ?? "news"}`, news);
  } catch {
    // A line that isn't JSON is a comment to us.
  }
}

function readNamed(event) {
  try {
    tell(`live:${event.type}`, JSON.parse(event.data));
  } catch {
    // As above.
  }
}

// The stream has said all there is: asking again would only hear the end once more.
function end(event) {
  readNamed(event);
  source?.close();
  source = null;
  for (const element of listeners()) delete element.dataset.liveUrl;
}

function open() {
  const url = listeners()[0]?.dataset.liveUrl;
  if (!url || source || document.hidden) return;
  source = new EventSource(url);
  source.addEventListener("open", () => {
    wait = FIRST_WAIT_MS;
    document.documentElement.dataset.live = "on";
    if (hadGap) tell("live:resync", {});
    hadGap = false;
  });
  source.addEventListener("message", read);
  source.addEventListener("run", readNamed);
  source.addEventListener("end", end);
  source.addEventListener("error", again);
}

function close() {
  source?.close();
  source = null;
  hadGap = true;
  document.documentElement.dataset.live = "off";
}

// The browser reconnects by itself only after some failures; an answer such as 503 ends it for good.
function again() {
  close();
  clearTimeout(retry);
  retry = setTimeout(open, wait);
  wait = nextWait(wait);
}

if (typeof document !== "undefined") {
  open();
  document.addEventListener("htmx:load", open);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN_FOR_MS);
    else open();
  });
  window.addEventListener("pagehide", close);
  // The browser shows a page again as one left it, or is connected again: there may be news.
  window.addEventListener("pageshow", ({ persisted }) => persisted && open());
  window.addEventListener("offline", close);
  window.addEventListener("online", () => {
    clearTimeout(retry);
    wait = FIRST_WAIT_MS;
    open();
  });
}
