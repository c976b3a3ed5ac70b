// The current tab is brought into sight where a phone can't show all. Links with data-tab swap a panel by htmx; the chosen one is marked at once.
for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
  tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const tab = event.target;
  if (!tab.matches?.("[data-tab]")) return;
  for (const other of tab.parentElement.querySelectorAll("[data-tab]")) other.removeAttribute("aria-current");
  tab.setAttribute("aria-current", "page");
});
