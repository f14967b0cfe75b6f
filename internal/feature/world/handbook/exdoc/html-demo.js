// Does for the documentation of made-up packages what the script of ExDoc does for real ones, with the same use of
// what the server gives: versionNodes from docs_config.js, storage, and fetch. Like it, it trusts storage to be there.
const versions = document.querySelector(".sidebar-projectVersion");
const here = versions.textContent.trim();
const nodes = window.versionNodes || [];

function element(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

// The same page of another version, or the front of it where there is none.
async function go(url) {
  const same = `${url}/${location.pathname.split("/").pop()}${location.hash}`;
  const there = await fetch(same).then((r) => r.ok, () => false);
  location.href = there ? same : url;
}

if (nodes.length > 0) {
  const all = nodes.some((n) => n.version === here) ? nodes : [{ version: here, url: "#" }, ...nodes];
  const select = element("select", { ariaLabel: "Version", onchange: () => go(select.value) });
  for (const n of all) {
    select.append(element("option", { value: n.url, selected: n.version === here, disabled: n.version === here }, n.version));
  }
  versions.replaceChildren(select);
  const latest = nodes.find((n) => n.latest);
  if (latest && latest.version !== here && !here.includes("-")) {
    const link = element("a", { href: latest.url, onclick: (e) => (e.preventDefault(), go(latest.url)) }, "Go to latest");
    versions.append(element("div", { className: "sidebar-staleVersion" }, link));
  }
}

const list = document.getElementById("sidebar-list-nav");
for (const n of [...sidebarNodes.extras, ...sidebarNodes.modules]) {
  list.append(element("li", {}, element("a", { href: `${n.id}.html` }, n.title)));
}

document.querySelector(".sidebar-toggle").addEventListener("click", () => {
  const open = document.body.classList.toggle("sidebar-open");
  sessionStorage.setItem("sidebar_state", open ? "open" : "closed");
});
document.body.classList.toggle("sidebar-open", sessionStorage.getItem("sidebar_state") !== "closed");

const asked = new URLSearchParams(location.search);
const theme = asked.get("theme") || JSON.parse(localStorage.getItem("ex_doc:settings") || "{}").theme;
document.body.classList.toggle("dark", theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches));

const results = document.getElementById("search");
if (results) {
  const words = (asked.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length === 0 ? [] : searchData.items.filter((i) => words.every((w) => `${i.title} ${i.doc}`.toLowerCase().includes(w)));
  results.append(element("p", {}, `${found.length} results for “${words.join(" ")}”`));
  for (const i of found) {
    results.append(element("h2", {}, element("a", { href: i.ref }, i.title)), element("p", {}, i.doc.split("\n\n")[0]));
  }
}
