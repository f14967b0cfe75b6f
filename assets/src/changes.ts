// What was changed in a file may lie behind a link to a page with that file alone. Here it is put into this page, in the
// place of the link.
document.addEventListener("click", async (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-load]");
  const place = link?.closest("section");
  if (!link || !place || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const file = answer.ok && page.getElementById(place.id);
    if (!file) throw answer.status;
    place.replaceWith(document.adoptNode(file));
    file.querySelector<HTMLElement>("summary")?.focus();
  } catch {
    location.assign(link.href); // which says what is wrong
  }
});

// A box that is ticked needs no button.
document.addEventListener("change", (event) => {
  const box = event.target as HTMLElement;
  if (box.matches("form[data-compare] input[type=checkbox]")) (box as HTMLInputElement).form?.requestSubmit();
});
