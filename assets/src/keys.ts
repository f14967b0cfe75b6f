// Keys: what they do is told on /preferences, where they can be turned off, and in the overlay that "?" opens. Nothing
// can be done by keys alone.
import { open as openPalette } from "./palette";

const on = document.body.dataset.keys !== "off";

const writing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select"));

// links are what the keys of a package's pages lead to: a link may say its key, and tabs are known by their address.
function links(): Map<string, HTMLElement> {
  const found = new Map<string, HTMLElement>();
  for (const element of document.querySelectorAll<HTMLElement>("main [data-key]")) found.set(element.dataset.key!, element);
  const tabs = [...document.querySelectorAll<HTMLAnchorElement>("main nav[aria-label=Package] a[href]")];
  const known: [string, RegExp][] = [["v", /\/versions$/], [".", /\/files$/], ["f", /^\/diff\//]];
  for (const a of tabs) for (const [key, path] of known) if (path.test(a.pathname) && !found.has(key)) found.set(key, a);
  if (tabs.length > 0 && !found.has("m")) found.set("m", tabs[0]);
  const copy = document.querySelector<HTMLElement>("main [data-install] button[data-copy]");
  if (copy && !found.has("c")) found.set("c", copy);
  return found;
}

// rows are the first links of what a list has.
const rows = () =>
  [...document.querySelectorAll<HTMLElement>("main :is(li, tbody tr):not(nav *)")]
    .map((row) => row.querySelector<HTMLAnchorElement>("a[href]"))
    .filter((a): a is HTMLAnchorElement => a !== null && a.checkVisibility());

// steps are what a page says that one goes from and to, if it does; each is in a section of its own.
const steps = () => [...document.querySelectorAll<HTMLElement>("main [data-step]")].filter((e) => e.checkVisibility());

function step(by: number) {
  const marked = steps();
  const all = marked.length > 0 ? marked : rows();
  if (all.length === 0) return;
  const row = document.activeElement?.closest(marked.length > 0 ? "section" : "li, tr");
  const now = row ? all.findIndex((a) => row.contains(a)) : -1;
  const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + by, 0), all.length - 1)];
  next.focus();
  next.scrollIntoView({ block: marked.length > 0 ? "start" : "nearest" });
}

let overlay: HTMLDialogElement | undefined;

async function help() {
  if (!overlay) {
    const response = await fetch("/preferences", { headers: { Accept: "text/html" } });
    const map = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("keymap");
    if (!map) return;
    overlay = document.createElement("dialog");
    overlay.className = "overlay";
    overlay.setAttribute("aria-label", "Keys");
    const foot = document.createElement("form");
    foot.method = "dialog";
    const turn = document.createElement("a");
    turn.href = "/preferences";
    turn.textContent = "Turn keys off";
    const close = document.createElement("button");
    close.textContent = "Close";
    foot.append(turn, close);
    overlay.append(document.adoptNode(map), foot);
    overlay.addEventListener("click", (event) => { if (event.target === overlay) overlay?.close(); });
    document.body.append(overlay);
  }
  overlay.showModal();
}

let going = 0; // until when a second key says whereto

function press(event: KeyboardEvent) {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (!on || event.ctrlKey || event.metaKey || event.altKey || writing(event.target) || document.querySelector("dialog[open]")) return;
  const go = (path: string) => document.querySelector<HTMLAnchorElement>(`header.top a[href="${path}"]`)?.click();
  const key = event.key;
  if (Date.now() < going) {
    going = 0;
    const path = ({ h: "/", d: "/dashboard", a: "/admin" } as Record<string, string>)[key];
    if (path) {
      event.preventDefault();
      return go(path);
    }
  }
  const doing: Record<string, () => void> = {
    "/": () => {
      const box = document.querySelector<HTMLInputElement>("main input[type=search], form[role=search] input");
      box?.focus();
      box?.select();
    },
    "?": () => void help(),
    t: () => document.querySelector<HTMLInputElement>("input[data-find]")?.focus(),
    g: () => { going = Date.now() + 1500; },
    j: () => step(1),
    k: () => step(-1),
  };
  const act = doing[key] ?? (() => { const target = links().get(key); return target && (() => target.click()); })();
  if (!act) return;
  event.preventDefault();
  act();
}

addEventListener("keydown", press);
if (on) document.querySelector("form[role=search] input")?.setAttribute("aria-keyshortcuts", "/ Control+K Meta+K");

// tellKeys says of the links that keys lead to by which; again, when there are others in their place.
export function tellKeys() {
  if (!on) return;
  for (const [key, element] of links()) element.setAttribute("aria-keyshortcuts", key === "." ? "." : key.toUpperCase());
}
tellKeys();
