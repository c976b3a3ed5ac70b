// What a person sees when a request fails and the server sent no words of its own.
import { showToast } from "./toast.js";
import { word } from "./words.js";

const WORDS = { 403: "forbidden", 404: "missing", 410: "missing" };

document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.xhr.getResponseHeader("HX-Trigger")?.includes('"toast"')) return;
  showToast({ text: word(WORDS[detail.xhr.status] ?? "fault"), tone: "bad", seconds: 8 });
});
document.addEventListener("htmx:sendError", () => showToast({ text: word("offline"), tone: "bad", seconds: 8 }));
