// Copy buttons are in the page and hidden; here they appear. A button names by data-copy the element whose text it
// copies, and by data-done what to say then.
export function showCopyButtons(within: ParentNode) {
  for (const button of within.querySelectorAll<HTMLButtonElement>("button[data-copy]")) button.hidden = !navigator.clipboard;
}
showCopyButtons(document);

document.addEventListener("click", async (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>("button[data-copy]");
  const text = button && document.getElementById(button.dataset.copy!)?.textContent;
  if (!button || text == null) return;
  await navigator.clipboard.writeText(text.trim());
  const label = button.querySelector<HTMLElement>("[data-label]") ?? button;
  const before = label.textContent;
  label.textContent = button.dataset.done ?? "Copied";
  setTimeout(() => (label.textContent = before), 1500);
});
