// data-draft="<key>" on a text area: what is typed is kept in this browser until it is saved, so that a session that
// ends, a reload or a failing connection doesn't lose it. Answers keep theirs in the same place (composer.js).
const keyOf = (box) => `draft:${box.dataset.draft}`;

function keep(box) {
  try {
    if (box.value) localStorage.setItem(keyOf(box), JSON.stringify({ text: box.value, at: Date.now() }));
    else localStorage.removeItem(keyOf(box));
  } catch {
    // A full or forbidden store: the draft lives as long as the page.
  }
}

function bringBack() {
  for (const box of document.querySelectorAll("[data-draft]")) {
    if (box.value || box.dataset.begun) continue;
    box.dataset.begun = "yes";
    try {
      box.value = JSON.parse(localStorage.getItem(keyOf(box)) ?? "null")?.text ?? "";
    } catch {
      // Nothing that can be read.
    }
  }
}

document.addEventListener("input", ({ target }) => target.matches?.("[data-draft]") && keep(target));

// Kept by the server once it has answered with the page anew; leading to the sign-in page isn't that.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const box = detail.requestConfig?.elt?.querySelector?.("[data-draft]");
  if (box && detail.shouldSwap) localStorage.removeItem(keyOf(box));
});

bringBack();
document.addEventListener("htmx:load", bringBack);
