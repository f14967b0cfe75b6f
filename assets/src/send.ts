// A form that is on its way says so: it is sent once, and its button tells that one has to wait. Without this, browsers
// show by themselves that they wait.
const patience = 200; // ms: what is quicker does not flicker
const limit = 20_000; // ms, after which one may try again

addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  const button = event.submitter instanceof HTMLButtonElement ? event.submitter : undefined;
  const before = button ? [...button.childNodes] : [];
  const timer = setTimeout(() => {
    if (!button) return;
    button.style.minWidth = button.offsetWidth + "px"; // nothing beside it moves
    button.disabled = true;
    if (!button.hasAttribute("aria-label")) button.textContent = button.dataset.sending ?? "One moment\u2026";
  }, patience);

  function end() {
    clearTimeout(timer);
    delete form.dataset.sent;
    if (button?.disabled) {
      button.disabled = false;
      button.style.minWidth = "";
      if (!button.hasAttribute("aria-label")) button.replaceChildren(...before);
    }
  }
  setTimeout(end, limit);
  addEventListener("pageshow", end, { once: true }); // who goes back finds it as it was
});

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Who comes to the home page at a desk comes to search; on phones a keyboard would cover the page.
const box = document.querySelector<HTMLInputElement>("form[role=search] input");
if (box && location.pathname === "/" && matchMedia("(min-width: 1024px)").matches && !location.hash && scrollY === 0 && document.activeElement === document.body) box.focus({ preventScroll: true });
