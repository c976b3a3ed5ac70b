// <form data-theme-switch> with buttons name="theme" value="light|dark|system".
import { remember } from "./cookies.js";

function show(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-switch] button[name=theme]")) {
    if (button.value === theme) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

document.addEventListener("submit", (event) => {
  const theme = event.submitter?.value;
  if (!event.target.matches("[data-theme-switch]") || !theme) return;
  event.preventDefault();
  remember("theme", theme === "system" ? "" : theme);
  show(theme);
  event.target.querySelector("[data-menu]")?.removeAttribute("open");
});
