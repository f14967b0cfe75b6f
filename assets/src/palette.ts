// The command palette: a few letters, and one is where one wanted to go. The server says what there is and for whom; what
// was chosen lately this browser remembers, until somebody logs out.
const setting = "hexhub-recent";
const most = 5;
type Recent = { path: string; words: string };

function recent(): Recent[] {
  try {
    if (!document.querySelector('header.top a[href="/dashboard"]')) localStorage.removeItem(setting);
    return JSON.parse(localStorage.getItem(setting) ?? "[]");
  } catch { return []; }
}

function remember(option: HTMLAnchorElement) {
  const words = option.querySelector("[data-words]")?.textContent ?? "";
  if (!words) return;
  const all = [{ path: option.pathname + option.search, words }, ...recent().filter((r) => r.path !== option.pathname + option.search)];
  try { localStorage.setItem(setting, JSON.stringify(all.slice(0, most))); } catch { /* then nothing is remembered */ }
}

let dialog: HTMLDialogElement | undefined;
let box: HTMLInputElement;
let list: HTMLElement;
let asking: AbortController | undefined;
let timer = 0;

const options = () => [...list.querySelectorAll<HTMLAnchorElement>("[role=option]")];

function choose(index: number) {
  const all = options();
  all.forEach((o, i) => o.setAttribute("aria-selected", String(i === index)));
  all[index]?.scrollIntoView({ block: "nearest" });
  if (all[index]) box.setAttribute("aria-activedescendant", all[index].id);
  else box.removeAttribute("aria-activedescendant");
}

async function ask() {
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const response = await fetch("/palette?q=" + encodeURIComponent(box.value), { headers: { Accept: "text/html" }, signal: mine.signal });
    if (!response.ok) return;
    list.innerHTML = await response.text();
  } catch { return; } // a later letter asks anew
  if (box.value === "") showRecent();
  choose(0);
}

// showRecent puts what was chosen lately before all else.
function showRecent() {
  const shown = new Map(options().map((o) => [o.getAttribute("href"), o]));
  const all = recent();
  if (all.length === 0) return;
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Recent");
  const heading = list.querySelector("[role=group] > p")?.cloneNode() as HTMLElement | undefined;
  if (heading) {
    heading.textContent = "Recent";
    heading.removeAttribute("id");
    group.append(heading);
  }
  for (const [i, r] of all.entries()) {
    const option = shown.get(r.path) ?? document.createElement("a");
    if (!shown.has(r.path)) {
      const words = document.createElement("span");
      words.dataset.words = "";
      words.className = "truncate font-medium";
      words.textContent = r.words;
      option.append(words);
      option.setAttribute("role", "option");
      option.tabIndex = -1;
      option.href = r.path;
      option.className = list.querySelector("[role=option]")?.className ?? "";
    }
    option.id = "palette-recent-" + i;
    group.append(option);
  }
  list.prepend(group);
}

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "palette";
  dialog.setAttribute("aria-label", "Go anywhere");
  box = document.createElement("input");
  list = document.createElement("div");
  list.id = "palette-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Where to");
  for (const [name, value] of Object.entries({
    type: "text", placeholder: "Go to a package or page", "aria-label": "Go to a package or page", role: "combobox", "aria-expanded": "true",
    "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off", autocapitalize: "none", spellcheck: "false",
  })) box.setAttribute(name, value);
  dialog.append(box, list);
  document.body.append(dialog);

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, 80);
  });
  box.addEventListener("keydown", (event) => {
    const all = options();
    const now = all.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const to = ({ ArrowDown: now + 1, ArrowUp: now - 1 + (now < 1 ? all.length : 0) } as Record<string, number>)[event.key];
    if (to !== undefined) choose(to % Math.max(all.length, 1));
    else if (event.key === "Enter") all[now]?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const option = (event.target as Element).closest<HTMLAnchorElement>("[role=option]");
    if (!option) return;
    remember(option);
    dialog?.close();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog?.close(); });
}

// open shows the palette; closing it gives the focus back to where it was.
export function open() {
  if (!dialog) build();
  if (dialog!.open) return;
  box.value = "";
  dialog!.showModal();
  void ask();
}
