// The keys that lead somewhere. They are for where nobody types, and a cookie turns them off.
const off = document.documentElement.dataset.keys === "off";

document.addEventListener("keydown", (event) => {
  const at = event.target as HTMLElement;
  if (off || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
  const target = document.querySelector<HTMLElement>(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target instanceof HTMLInputElement) {
    target.focus();
    target.select();
  } else target.click();
});
