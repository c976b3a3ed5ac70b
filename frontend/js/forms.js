// Plain GET forms whose address stays short, and controls that need no button.
//   <form data-filters>           empty fields stay out of the address
//   <input data-filters-now>      a change asks at once
//   <select data-submit-on-change>  a change sends its form
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-filters]")) return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});

// The browser's "back" shows the form as it was left: with those fields still off.
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-filters-now], [data-submit-on-change]")) event.target.form.requestSubmit();
});
