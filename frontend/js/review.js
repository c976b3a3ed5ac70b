// The review queue: the next contact is on the page already and shows at once; the answer travels meanwhile.
// What the server sends back is that same contact with the one after it.
const review = () => document.getElementById("review");
const isAnswer = (element) => element?.closest?.("[data-review-answer]");

function turn(showsNext) {
  const item = review()?.querySelector("[data-review-item]");
  const next = review()?.querySelector("[data-review-next]");
  if (!item || !next) return;
  item.hidden = showsNext;
  next.hidden = !showsNext;
  next.inert = showsNext; // its own buttons work once the server has answered
}

document.addEventListener("htmx:beforeSend", ({ target }) => isAnswer(target) && turn(true));
for (const fault of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(fault, ({ target }) => isAnswer(target) && turn(false));
}

document.addEventListener("htmx:afterSwap", () => {
  const now = document.getElementById("review-count-now");
  if (!now) return;
  for (const figure of document.querySelectorAll("[data-review-count]")) figure.textContent = now.textContent;
  if (review()?.querySelector("[data-review-item]")) scrollTo({ top: 0 });
});

document.documentElement.dataset.review = "on";
