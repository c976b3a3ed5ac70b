// The days between the messages of <ol class="thread">, where they begin for the viewer: the server divides by the
// organization's zone. Comes before times.js, which writes the days out.

// Places in `moments` (milliseconds) before which another day of the viewer's begins.
export function beginnings(moments) {
  const days = moments.map((moment) => new Date(moment).setHours(0, 0, 0, 0));
  return days.flatMap((day, place) => (place === 0 || day !== days[place - 1] ? [place] : []));
}

function divide(thread) {
  const dividers = [...thread.querySelectorAll(":scope > .thread-day")];
  const messages = [...thread.querySelectorAll(":scope > [data-message]")];
  const times = messages.map((message) => message.querySelector(".message-meta time"));
  if (dividers.length === 0 || times.includes(null)) return;
  for (const divider of dividers) divider.remove();
  for (const place of beginnings(times.map((time) => Date.parse(time.dateTime)))) {
    const divider = dividers[0].cloneNode(true);
    const time = divider.querySelector("time");
    time.dateTime = times[place].dateTime;
    time.removeAttribute("title");
    messages[place].before(divider);
  }
}

function divideAll(root) {
  const around = root.closest?.(".thread");
  for (const thread of around ? [around] : (root.querySelectorAll?.(".thread") ?? [])) divide(thread);
}

if (typeof document !== "undefined") {
  divideAll(document);
  document.addEventListener("htmx:load", (event) => divideAll(event.target));
}
