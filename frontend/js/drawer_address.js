// The contact in the drawer stands in the address as ?contact=<id>, so that a reload or a shared link opens it again.
// The drawer's content names it with data-drawer-contact="<id>".
function remember(contact) {
  const address = new URL(location.href);
  if (contact) address.searchParams.set("contact", contact);
  else address.searchParams.delete("contact");
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

document.addEventListener("htmx:afterSwap", (event) => {
  const content = event.target.closest?.("[data-drawer]")?.querySelector("[data-drawer-contact]");
  if (content) remember(content.dataset.drawerContact);
});

document.addEventListener("close", (event) => {
  if (event.target.matches?.("[data-drawer]")) remember("");
}, true);
