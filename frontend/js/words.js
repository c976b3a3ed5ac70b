// Translated words that scripts need; the page carries them in <div id="words" data-…>.
export function word(name) {
  return document.getElementById("words")?.dataset[name] ?? "";
}

// fill("{name} moved", { name: "Ana" }) -> "Ana moved"
export function fill(sentence, values) {
  return (sentence ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
