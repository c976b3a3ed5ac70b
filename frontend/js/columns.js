// <form data-columns> with a checkbox for each column that may be taken out of <table data-columns-table>.
import { remember } from "./cookies.js";

document.addEventListener("change", ({ target }) => {
  const form = target.closest?.("[data-columns]");
  if (!form) return;
  const hidden = [...form.elements].filter((box) => box.type === "checkbox" && !box.checked).map((box) => box.name);
  remember("list_hidden", hidden.join(" "));
  for (const table of document.querySelectorAll("[data-columns-table]")) table.dataset.hidden = hidden.join(" ");
});
