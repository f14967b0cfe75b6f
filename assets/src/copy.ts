// Copy buttons are in the page and hidden; here they appear. A button names by data-copy the element whose text it
// copies, and by data-done what to say then. One that is nothing but an icon shows a tick, and is called what was done.
export function showCopyButtons(within: ParentNode) {
  for (const button of within.querySelectorAll<HTMLButtonElement>("button[data-copy]")) button.hidden = !navigator.clipboard;
}
showCopyButtons(document);

// told says for a while that it was copied, and then what the button said before.
function told(button: HTMLButtonElement) {
  if (button.dataset.told) return;
  button.dataset.told = "yes";
  const done = button.dataset.done ?? "Copied";
  const label = button.querySelector<HTMLElement>("[data-label]") ?? button;
  const [before, named] = [[...label.childNodes], button.getAttribute("aria-label")];
  label.textContent = named ? "\u2713" : done;
  if (named) button.setAttribute("aria-label", done);
  setTimeout(() => {
    label.replaceChildren(...before);
    if (named) button.setAttribute("aria-label", named);
    delete button.dataset.told;
  }, 1500);
}

document.addEventListener("click", async (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>("button[data-copy]");
  const text = button && document.getElementById(button.dataset.copy!)?.textContent;
  if (!button || text == null) return;
  await navigator.clipboard.writeText(text.trim());
  told(button);
});
