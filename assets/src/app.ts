// What pages do beyond links and forms, which work without it. It begins a moment after the page has been drawn, when the
// browser is done with it, or with the first thing that the visitor does; each part in a turn of its own, for a turn that
// takes long answers nobody. Where nobody looks there is no drawing, and turns are rare. Until it begins nothing is looked
// at: the first look at the document costs more than most parts.
const parts = [
  () => import("./copy"),
  () => import("./menu"),
  () => import("./keys"),
  () => import("./suggest"),
  () => import("./wait"),
  () => import("./changes"),
  () => import("./listing"),
  () => import("./offer"),
  () => import("./send"),
  () => import("./live"),
];

const begun = new Promise((go) => {
  for (const kind of ["pointerdown", "keydown", "focusin"]) addEventListener(kind, go, { once: true, capture: true });
  requestAnimationFrame(() => setTimeout(go, 300));
  setTimeout(go, 1000);
});

async function begin() {
  for (const part of parts) {
    if (!document.hidden) await new Promise((go) => setTimeout(go));
    await part();
  }
}

void begun.then(begin);
