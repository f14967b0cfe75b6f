// Suggestions below the search box, as a combobox of ARIA 1.2. The server sends the options as they are shown; the
// keys are handled here. Without this, the box is a form that leads to the list.
const pause = 80; // ms after a key before one asks, so that not every letter of a word is asked for

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-suggest]")) {
  const box = form.querySelector<HTMLInputElement>("input[name=search]");
  if (box) suggest(form, box);
}

function suggest(form: HTMLFormElement, box: HTMLInputElement) {
  const list = document.createElement("div");
  list.hidden = true;
  const said = document.createElement("p"); // for who cannot see the list
  said.className = "sr-only";
  said.setAttribute("role", "status");
  form.append(list, said);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-haspopup": "listbox",
  })) box.setAttribute(name, value);

  let timer = 0;
  let asking: AbortController | undefined;
  const options = () => [...list.querySelectorAll<HTMLAnchorElement>("[role=option]")];
  const chosen = () => options().findIndex((o) => o.getAttribute("aria-selected") === "true");

  function choose(index: number) {
    options().forEach((o, i) => o.setAttribute("aria-selected", String(i === index)));
    const option = options()[index];
    option?.scrollIntoView({ block: "nearest" });
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
  }

  function close() {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    list.replaceChildren();
    choose(-1);
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-controls");
  }

  async function ask() {
    const typed = box.value.trim();
    asking?.abort(); // the newest answer wins
    if (!typed) return close();
    const mine = (asking = new AbortController());
    try {
      const answer = await fetch("/suggest?q=" + encodeURIComponent(typed), { headers: { Accept: "text/html" }, signal: mine.signal });
      if (!answer.ok) return close();
      const html = await answer.text();
      if (mine.signal.aborted) return;
      list.innerHTML = html;
      const count = Number(list.querySelector<HTMLElement>("[role=listbox]")?.dataset.count ?? 0);
      said.textContent = count === 1 ? "1 suggestion" : count + " suggestions";
      choose(-1);
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      box.setAttribute("aria-controls", "suggestions");
    } catch {
      if (!mine.signal.aborted) close(); // the server is away: the form still says so better
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  });

  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const n = options().length;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        event.preventDefault();
        if (list.hidden) return void ask();
        const step = event.key === "ArrowDown" ? 1 : -1; // one place more than there are options is that of none
        return choose(((chosen() + 1 + step + n + 1) % (n + 1)) - 1);
      }
      case "Enter": {
        const option = list.hidden ? undefined : options()[chosen()];
        if (!option) return close();
        event.preventDefault();
        return option.click();
      }
      case "Escape":
        event.preventDefault();
        if (!list.hidden) return close();
        box.value = "";
        return void ask();
    }
  });

  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget as Node | null)) close();
  });
  list.addEventListener("pointerdown", (event) => {
    if ((event.target as Element).closest("[role=option]")) event.preventDefault(); // the box keeps the focus
  });
}

// Filters that are chosen with a pointer apply at once. Keys go through values that nobody means, so there the
// form's button is for.
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-apply]")) {
  let pointed = false;
  form.addEventListener("pointerdown", () => (pointed = true));
  form.addEventListener("keydown", () => (pointed = false));
  form.addEventListener("change", () => pointed && form.requestSubmit());
}
