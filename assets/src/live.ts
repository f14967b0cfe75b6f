// Live pages. A page with a piece marked data-live keeps one stream open, at its own address, and puts what comes into
// its place without disturbing focus, caret, scrolling or what is folded out. A tab that is hidden has no stream. The
// state is said in words at the foot of the page, where one may also pause.
import { showCopyButtons } from "./copy";
import { tellKeys } from "./keys";

const silence = 50_000; // ms: the server breaks silence after 20 s
const longest = 60_000; // ms between two tries
const setting = "hexhub-live"; // in this browser only

// Rows that somebody points at, or has come to by keys, are not put elsewhere before he has gone on: he may be about to
// follow them. What has come meanwhile waits here.
const held = new Map<Element, string>();
const inHand = (place: Element) =>
  place.querySelector(":is(li, tr):hover a[href]") !== null || document.activeElement?.matches("a[href]") && place.contains(document.activeElement.closest("li, tr"));

function release() {
  for (const [place, html] of held) {
    if (inHand(place)) continue;
    held.delete(place);
    void put(place.id, html);
  }
}
for (const name of ["pointermove", "focusout"]) {
  addEventListener(name, () => { if (held.size) requestAnimationFrame(release); }, { passive: true });
}

// bare is a copy without what scripts have put into search forms and said of keys.
function bare(nodes: Node) {
  const copy = nodes.cloneNode(true) as ParentNode & Node;
  for (const form of copy.querySelectorAll("form[data-suggest]")) form.replaceChildren();
  for (const link of copy.querySelectorAll("[aria-keyshortcuts]")) link.removeAttribute("aria-keyshortcuts");
  return copy.childNodes;
}

// same tells that a piece shows what is there already, as the first one of a stream mostly does.
function same(place: Element, piece: DocumentFragment) {
  const old = bare(place), fresh = bare(piece);
  return old.length === fresh.length && [...old].every((n, i) => n.isEqualNode(fresh[i]));
}

// replace puts nodes in the place of what is there. What spares focus and caret is fetched when something changes first:
// most pages are closed before.
async function replace(place: Element, nodes: DocumentFragment) {
  try {
    const { morph }: typeof import("./morph") = await import(foot!.dataset.morph!);
    morph(place, nodes);
  } catch {
    place.replaceChildren(nodes); // rather new than kept in hand
  }
}

// put puts a piece into its place, and shows which numbers and rows are new. Rows without an id are written over where
// they stand, so that nothing moves; those with one keep what they are, and move.
async function put(id: string, html: string) {
  const place = document.getElementById(id);
  if (!place?.hasAttribute("data-live")) return;
  held.delete(place);
  if (inHand(place)) {
    held.set(place, html);
    return;
  }
  const piece = document.createElement("template");
  piece.innerHTML = html;
  showCopyButtons(piece.content);
  if (same(place, piece.content)) return;
  const before = new Map([...place.querySelectorAll(".tabular, li, tr")].map((e) => [e, e.textContent]));
  if (place.matches(".tabular")) before.set(place, place.textContent);
  await replace(place, piece.content);
  tellKeys();
  for (const element of [place, ...place.querySelectorAll(".tabular, li, tr")]) {
    const old = before.get(element);
    const fresh = element.matches(".tabular") ? old !== undefined && old !== element.textContent : element !== place && element.id !== "" && old === undefined;
    if (!fresh) continue;
    element.classList.remove("flash");
    void (element as HTMLElement).offsetWidth; // begins the animation anew
    element.classList.add("flash");
  }
}

// events yields what comes on a stream, and calls alive for every sign of life.
async function* events(body: ReadableStream<Uint8Array>, alive: () => void) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const all = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = all.pop()!;
    for (const text of all) {
      let name = "";
      const data: string[] = [];
      for (const line of text.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data.push(line.slice(6));
      }
      if (name) yield { name, data };
    }
  }
}

const foot = document.getElementById("live");
const words = foot?.querySelector<HTMLElement>("[data-words]");
const button = foot?.querySelector<HTMLButtonElement>("button");

let stream: AbortController | undefined;
let address = "";
let timer = 0;
let failures = 0;
let over = false;

const here = () => location.pathname + location.search;
const paused = () => { try { return localStorage.getItem(setting) === "paused"; } catch { return false; } };

function say(state: "on" | "waiting" | "off", text: string) {
  if (!foot || !words || !button) return;
  foot.dataset.state = state;
  if (words.textContent !== text) words.textContent = text;
  const label = paused() ? "Resume" : "Pause";
  if (button.textContent !== label) button.textContent = label;
  button.hidden = over;
  foot.classList.remove("invisible");
}

function stop() {
  clearTimeout(timer);
  stream?.abort();
  stream = undefined;
}

function finish(text: string) {
  over = true;
  say("off", text);
}

// A pause before one tries again, and what is said meanwhile.
type Pause = { after: number; text: string };

const retry = (): Pause => ({ after: Math.min(longest, 1000 * 2 ** failures++), text: "Reconnecting…" });

// follow reads a stream to its end. It returns when to try again, or nothing if there is nothing more to come.
async function follow(mine: AbortController): Promise<Pause | undefined> {
  let watchdog = 0;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = window.setTimeout(() => mine.abort(), silence);
  };
  try {
    alive();
    const response = await fetch(address, { headers: { Accept: "text/event-stream" }, cache: "no-store", signal: mine.signal });
    if (response.status === 429 || response.status === 503) {
      const after = Math.max(10, Number(response.headers.get("Retry-After"))) * 1000;
      return { after, text: response.status === 429 ? "Live updates paused: too many pages are open" : "Live updates paused: the server is busy" };
    }
    if (response.status >= 500) return retry();
    if (response.status === 204) return finish("Live updates off");
    if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      return finish("Live updates ended: reload the page");
    }
    for await (const { name, data } of events(response.body!, alive)) {
      failures = 0;
      if (name === "piece") {
        await put(data[0], data.slice(1).join("\n"));
        say("on", "Live updates on");
      } else if (name === "end" && data[0] === "over") {
        return finish("Live updates ended: reload the page");
      }
    }
    return retry();
  } finally {
    clearTimeout(watchdog);
  }
}

async function connect() {
  stop();
  if (over || document.hidden || !document.querySelector("[data-live]")) return;
  if (paused()) return say("off", "Live updates paused");
  const mine = (stream = new AbortController());
  address = here();
  const next = await follow(mine).catch(retry);
  if (stream !== mine) return; // it was stopped, or began anew
  stop();
  if (!next) return;
  say("waiting", next.text);
  timer = window.setTimeout(connect, next.after * (0.7 + 0.6 * Math.random()));
}

button?.addEventListener("click", () => {
  try {
    if (paused()) localStorage.removeItem(setting);
    else localStorage.setItem(setting, "paused");
  } catch { /* then it cannot be paused for longer than this page */ }
  failures = 0;
  void connect();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return stop();
  failures = 0;
  void connect();
});
addEventListener("pagehide", stop);
// Not before the page is whole: what it shows first is not to wait for a stream.
addEventListener("pageshow", () => void connect());
if (document.readyState === "complete") void connect();
