// <a data-evidence="<message id>" data-quote="…">: scrolls the thread to the message and marks the words.
// A message that isn't on this page is reached by the link's address.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-evidence]");
  const message = link && document.getElementById(`message-${link.dataset.evidence}`);
  if (!message || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  markWords(message.querySelector("[data-message-text]"), link.dataset.quote);
  message.scrollIntoView({ block: "center", behavior: "smooth" });
  message.focus({ preventScroll: true });
  message.classList.add("is-evidence", "is-found");
  setTimeout(() => message.classList.remove("is-found"), 1700);
});

function markWords(text, quote) {
  if (!text || !quote || text.querySelector("mark")) return;
  const place = text.textContent.indexOf(quote);
  if (place < 0) return;
  const mark = document.createElement("mark");
  mark.textContent = quote;
  const words = text.textContent;
  text.replaceChildren(words.slice(0, place), mark, words.slice(place + quote.length));
}
