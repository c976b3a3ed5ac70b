// Words for screen readers that nothing on the screen says.
export function say(words) {
  const region = document.getElementById("spoken");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = words));
}
