// Plain GET forms whose address stays short, and controls that need no button.
//   <form data-filters>           empty fields stay out of the address
//   <input data-filters-now>      a change asks at once
//   <select data-submit-on-change>  a change sends its form
//   <option data-ask="<id>">      in such a select: choosing it asks that dialog first, and sends its answers along
import { ask } from "./overlays.js";

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-filters]")) return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});

// The browser's "back" shows the form as it was left: with those fields still off.
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
});

// Another tab may have switched to another organization since: a form says which one its page was made for.
document.addEventListener("formdata", ({ formData, target }) => {
  const { organization } = document.body.dataset;
  if (organization && target.method === "post") formData.set("seen_organization", organization);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-filters-now], [data-submit-on-change]")) send(event.target);
});

async function send(field) {
  const { form } = field;
  const dialog = document.getElementById(field.selectedOptions?.[0]?.dataset.ask ?? "");
  const asked = dialog ? await ask(dialog) : {};
  if (asked === null) return form.reset();
  for (const [name, value] of Object.entries(asked)) form.append(answer(name, value));
  form.requestSubmit();
}

function answer(name, value) {
  const hidden = document.createElement("input");
  return Object.assign(hidden, { type: "hidden", name, value });
}
