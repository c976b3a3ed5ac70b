// A table whose rows can be chosen: <form data-select> around
//   <input type=checkbox data-select-page>            all rows on the page
//   <input type=checkbox data-select-row value=id>    one row; Shift chooses the range
//   <div data-select-bar hidden>                      what to do with them: [data-select-count] says how many,
//     <button data-select-all>                        chooses all that match (input[name=all_matching] becomes 1)
//     <button data-select-none>                       chooses none
// The form's data-select-words="{count} selected" and data-select-all-words="All {count} selected", data-total="4212".
import { fill } from "./words.js";

let last = null;

export function between(places, from, to) {
  const [start, end] = from < to ? [from, to] : [to, from];
  return places.slice(start, end + 1);
}

const rowsOf = (form) => [...form.querySelectorAll("[data-select-row]")];

function chooseAll(form, chosen) {
  const field = form.querySelector("input[name=all_matching]");
  if (field) field.value = chosen ? "1" : "";
}

function show(form) {
  const rows = rowsOf(form);
  const chosen = rows.filter((row) => row.checked);
  const page = form.querySelector("[data-select-page]");
  page.checked = rows.length > 0 && chosen.length === rows.length;
  page.indeterminate = chosen.length > 0 && chosen.length < rows.length;
  const bar = form.querySelector("[data-select-bar]");
  bar.hidden = chosen.length === 0;
  const isAll = form.querySelector("input[name=all_matching]")?.value === "1";
  const count = isAll ? Number(form.dataset.total).toLocaleString(document.documentElement.lang) : chosen.length;
  const words = isAll ? form.dataset.selectAllWords : form.dataset.selectWords;
  bar.querySelector("[data-select-count]").textContent = fill(words, { count });
  const all = bar.querySelector("[data-select-all]");
  if (all) all.hidden = isAll || !page.checked || Number(form.dataset.total) <= rows.length;
}

if (typeof document !== "undefined") {
  document.addEventListener("click", (event) => {
    const form = event.target.closest?.("[data-select]");
    if (!form) return;
    const rows = rowsOf(form);
    if (event.target.matches("[data-select-row]")) {
      const place = rows.indexOf(event.target);
      if (event.shiftKey && last !== null && rows[last]) for (const row of between(rows, last, place)) row.checked = event.target.checked;
      last = place;
      chooseAll(form, false);
    } else if (event.target.matches("[data-select-page]")) {
      for (const row of rows) row.checked = event.target.checked;
      chooseAll(form, false);
    } else if (event.target.closest("[data-select-all]")) chooseAll(form, true);
    else if (event.target.closest("[data-select-none]")) {
      for (const row of rows) row.checked = false;
      chooseAll(form, false);
    } else return;
    show(form);
  });
  document.addEventListener("htmx:load", (event) => {
    const form = event.target.closest?.("[data-select]");
    if (form) show(form);
  });
  // What was ticked before this script came counts too, as does what the browser keeps on the way back.
  for (const form of document.querySelectorAll("[data-select]")) {
    const page = form.querySelector("[data-select-page]");
    if (!page) continue;
    if (page.checked) for (const row of rowsOf(form)) row.checked = true;
    show(form);
  }
}
