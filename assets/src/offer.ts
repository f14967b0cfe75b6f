// Boxes in which one may name a package, or a version of it, offer what the server knows. Both are in a row, whose first
// box has the package. Without this they are boxes.
let lists = 0;

function offer(box: HTMLInputElement) {
  const list = document.createElement("datalist");
  list.id = "offers-" + lists++;
  box.after(list);
  box.setAttribute("list", list.id);
  const row = box.closest("[data-row]") ?? box.parentElement!;
  let asking: AbortController | undefined;
  let timer = 0;
  let asked = "";

  async function ask() {
    const typed = row.querySelector<HTMLInputElement>("input")!.value.trim();
    if (typed === asked) return;
    asked = typed;
    asking?.abort(); // the newest answer wins
    asking = new AbortController();
    try {
      const answer = await fetch(box.dataset.offer + "&package=" + encodeURIComponent(typed), { headers: { Accept: "text/html" }, signal: asking.signal });
      if (answer.ok) list.innerHTML = await answer.text();
    } catch {
      // one types it whole
    }
  }
  const soon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, 80);
  };
  box.addEventListener("input", soon);
  box.addEventListener("focus", soon);
}

for (const box of document.querySelectorAll<HTMLInputElement>("input[data-offer]")) offer(box);
