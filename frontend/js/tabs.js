// Links with data-tab swap a panel by htmx; the chosen one is marked at once.
document.addEventListener("htmx:beforeRequest", (event) => {
  const tab = event.target;
  if (!tab.matches?.("[data-tab]")) return;
  for (const other of tab.parentElement.querySelectorAll("[data-tab]")) other.removeAttribute("aria-current");
  tab.setAttribute("aria-current", "page");
});
