// Builds what the web site serves into the folder given: the style sheet, the script, the fonts and the icons,
// and the licences of whose work that is. Names are plain; tools/pack gives them their final ones.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const out = process.argv[2];
if (!out) throw new Error("usage: node build.mjs DIR");
mkdirSync(out, { recursive: true });

execFileSync("node_modules/.bin/tailwindcss", ["--input", "src/app.css", "--output", join(out, "app.css"), "--minify"], { stdio: ["ignore", "ignore", "inherit"] });

// What only pages with tabs need.
await build({ entryPoints: ["src/tabs.css"], outfile: join(out, "tabs.css"), minify: true, legalComments: "none", logLevel: "warning" });

await build({
  entryPoints: ["src/app.ts"], outfile: join(out, "app.js"),
  bundle: true, minify: true, format: "iife", target: "es2022", legalComments: "none", logLevel: "warning",
});

// What only pages that change need is fetched by those.
await build({
  entryPoints: ["src/morph.ts"], outfile: join(out, "morph.js"),
  bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning",
});

const fonts = {
  "geist.woff2": "geist/files/geist-latin-wght-normal.woff2",
  "geist-ext.woff2": "geist/files/geist-latin-ext-wght-normal.woff2",
  "geist-mono.woff2": "geist-mono/files/geist-mono-latin-wght-normal.woff2",
};
for (const [name, from] of Object.entries(fonts)) copyFileSync(join("node_modules/@fontsource-variable", from), join(out, name));

// The strokes of each icon. Pages draw those that they show.
const names = readFileSync("src/icons.txt", "utf8").split("\n").filter((line) => line && !line.startsWith("#")).sort();
const strokes = Object.fromEntries(names.map((name) => {
  const svg = readFileSync(`node_modules/lucide-static/icons/${name}.svg`, "utf8");
  return [name, svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).replace(/\s*\n\s*/g, "")];
}));
writeFileSync(join(out, "icons.json"), JSON.stringify(strokes, null, 1) + "\n");

// What the browser tests judge pages with, so that they need no npm. Its licence is at its head.
mkdirSync("../e2e/browser/testdata", { recursive: true });
copyFileSync("node_modules/axe-core/axe.min.js", "../e2e/browser/testdata/axe.min.js");

const works = ["tailwindcss", "daisyui", "htmx.org", "lucide-static", "@fontsource-variable/geist", "@fontsource-variable/geist-mono"];
const licences = works.map((name) => {
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${version} (${license})\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(join(out, "licences.txt"), licences.join(`\n${"-".repeat(80)}\n\n`));
