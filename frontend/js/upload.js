// <form data-upload hx-post hx-encoding="multipart/form-data"> with <progress data-upload-bar hidden>,
// an <output data-upload-figures> and a drop zone <label data-upload-drop> around its file input.
const MEGABYTE = 1024 * 1024;

export function figures(loaded, total) {
  const megabytes = (bytes) => (bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 1 : 0);
  return `${megabytes(loaded)} / ${megabytes(total)} MB`;
}

if (typeof document !== "undefined") {
  document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
    const form = target.closest?.("[data-upload]");
    if (!form || !detail.lengthComputable) return;
    const bar = form.querySelector("[data-upload-bar]");
    bar.hidden = false;
    bar.max = detail.total;
    bar.value = detail.loaded;
    const words = form.querySelector("[data-upload-figures]");
    if (words) words.textContent = figures(detail.loaded, detail.total);
  });

  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      const zone = event.target.closest?.("[data-upload-drop]");
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("is-target", type === "dragover");
      if (type === "drop") take(zone, event.dataTransfer.files);
    });
  }

  document.addEventListener("change", (event) => {
    const zone = event.target.closest?.("[data-upload-drop]");
    const name = zone?.querySelector("[data-upload-name]");
    if (name && event.target.files) name.textContent = [...event.target.files].map((file) => file.name).join(", ");
  });
}

function take(zone, files) {
  const input = zone.querySelector("input[type=file]");
  input.files = files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
