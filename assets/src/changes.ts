// What was changed in a file may lie behind a link to a page with that file alone. Here it is put into this page, in the
// place of the link: when one wants to see it, and when an address points into the file.
async function load(link: HTMLAnchorElement, line = ""): Promise<HTMLElement | undefined> {
  const place = link.closest("section")!;
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const file = answer.ok && page.getElementById(place.id);
    if (!file) throw answer.status;
    // Whoever is given the address of a line may have no scripts: it is on the page of the file.
    for (const number of file.querySelectorAll(".changes a[href]")) number.setAttribute("href", link.href + number.getAttribute("href"));
    place.replaceWith(document.adoptNode(file));
    return file;
  } catch {
    location.assign(link.href + line); // which says what is wrong
  }
}

document.addEventListener("click", async (event) => {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest<HTMLAnchorElement>("section a[data-load], .changes a[href]");
  if (!link) return;
  event.preventDefault();
  if (!link.matches("[data-load]")) location.hash = link.hash;
  else (await load(link))?.querySelector<HTMLElement>("summary")?.focus();
});

// The address of a line is that of its file, then the side and the number.
async function follow(): Promise<void> {
  const id = /^#(f-[0-9a-f]+)/.exec(location.hash)?.[1];
  const link = id && document.getElementById(id)?.querySelector<HTMLAnchorElement>("a[data-load]");
  if (link && (await load(link, location.hash))) location.replace(location.hash); // now that it is there
}
addEventListener("hashchange", follow);
follow();

// A box that is ticked needs no button.
document.addEventListener("change", (event) => {
  const box = event.target as HTMLElement;
  if (box.matches("form[data-compare] input[type=checkbox]")) (box as HTMLInputElement).form?.requestSubmit();
});
