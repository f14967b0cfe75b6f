// Lines of a file have links of their own, which work without this. Here several can be named at once, as #L10-L20: by
// such an address, or by a second number that is chosen with the shift key. The box that finds files finds them while
// one types.
const listing = document.querySelector<HTMLElement>("pre.listing");

// named are the lines that the address names.
function named(): [number, number] | undefined {
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash);
  if (!found) return;
  const first = Number(found[1]), last = Number(found[2] ?? first);
  return first < last ? [first, last] : [last, first];
}

function choose(into: HTMLElement, jump: boolean) {
  for (const line of into.querySelectorAll(".chosen")) line.classList.remove("chosen");
  const lines = named();
  if (!lines) return;
  const first = document.getElementById("L" + lines[0]);
  if (!first && jump && lines[0] <= Number(into.dataset.lines)) { // on another page of the file
    location.replace(location.pathname + "?line=" + lines.join("-"));
    return;
  }
  for (let n = lines[0]; n <= lines[1]; n++) {
    const line = document.getElementById("L" + n);
    if (!line) break;
    line.classList.add("chosen");
  }
  if (jump) first?.scrollIntoView({ block: "center" });
}

if (listing) {
  choose(listing, true);
  addEventListener("hashchange", () => choose(listing, false));
  listing.addEventListener("click", (event) => {
    const number = (event.target as Element).closest<HTMLAnchorElement>("a[data-n]");
    const from = named();
    if (!number || !event.shiftKey || !from) return;
    event.preventDefault();
    const to = Number(number.dataset.n);
    const [first, last] = to < from[0] ? [to, from[0]] : [from[0], to];
    history.replaceState(null, "", first === last ? "#L" + first : `#L${first}-L${last}`);
    choose(listing, false);
  });
}

const box = document.querySelector<HTMLInputElement>("input[data-find]");
if (box?.form) find(box, box.form);

function find(box: HTMLInputElement, form: HTMLFormElement) {
  const place = document.getElementById("found")!;
  const before = [...place.childNodes];
  let timer = 0;
  let asking: AbortController | undefined;

  async function ask() {
    asking?.abort(); // the newest answer wins
    if (!box.value.trim()) return place.replaceChildren(...before);
    const mine = (asking = new AbortController());
    try {
      const answer = await fetch(form.action + "?find=" + encodeURIComponent(box.value), { headers: { Accept: "text/html" }, signal: mine.signal });
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("found");
      if (found && !mine.signal.aborted) place.replaceChildren(...found.childNodes);
    } catch {
      // the form still works
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 80);
  });
  box.addEventListener("keydown", (event) => {
    const first = place.querySelector<HTMLAnchorElement>("li a");
    if (event.key !== "Enter" || event.isComposing || !box.value.trim() || !first || !asking) return;
    event.preventDefault();
    first.click();
  });
}
