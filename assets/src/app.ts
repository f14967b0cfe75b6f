// What pages do beyond links and forms, which work without it. It begins once the page has been drawn, each part in a
// turn of its own: a turn that takes long answers nobody. Where nobody looks there is no drawing, and turns are rare.
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

const turn = (after = 0) => document.hidden || new Promise((go) => setTimeout(go, after));

async function begin() {
  await Promise.race([turn(200), new Promise(requestAnimationFrame)]);
  for (const part of parts) {
    await turn();
    await part();
  }
}

void begin();
