// One SVG sprite out of the icons named in icons/lucide.json and our own drawings in icons/*.svg.
// Templates point into it with {% icon "name" %}.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

const FOLDER = join(import.meta.dirname, "..", "icons");
const require = createRequire(import.meta.url);

const STROKE = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';

function fromLucide(name, set) {
  const parent = set.aliases?.[name]?.parent ?? name;
  const icon = set.icons[parent];
  if (!icon) throw new Error(`icons/lucide.json names "${name}", which lucide doesn't have`);
  const body = icon.body.replaceAll(/ (fill="none"|stroke="currentColor"|stroke-width="2"|stroke-linecap="round"|stroke-linejoin="round")/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24"><g ${STROKE}>${body}</g></symbol>`;
}

function ownDrawing(file) {
  const svg = readFileSync(join(FOLDER, file), "utf8");
  const [, viewBox, body] = /viewBox="([^"]+)"[^>]*>([\s\S]*)<\/svg>/.exec(svg);
  return `<symbol id="${basename(file, ".svg")}" viewBox="${viewBox}">${body.replaceAll(/\s*\n\s*/g, "")}</symbol>`;
}

export function spriteSource() {
  const set = JSON.parse(readFileSync(require.resolve("@iconify-json/lucide/icons.json"), "utf8"));
  const names = JSON.parse(readFileSync(join(FOLDER, "lucide.json"), "utf8"));
  const own = readdirSync(FOLDER).filter((file) => file.endsWith(".svg")).sort();
  const symbols = [...names.map((name) => fromLucide(name, set)), ...own.map(ownDrawing)];
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

function faviconSource() {
  const logo = readFileSync(join(FOLDER, "hiro.svg"), "utf8");
  return logo.replace("currentColor", "#1d7462").replace("var(--logo-cut, #fff)", "#fff").replaceAll(/\s*\n\s*/g, "");
}

export function iconSprite() {
  return {
    name: "icon-sprite",
    generateBundle() {
      this.emitFile({ type: "asset", name: "icons.svg", originalFileName: "icons.svg", source: spriteSource() });
      this.emitFile({ type: "asset", name: "favicon.svg", originalFileName: "favicon.svg", source: faviconSource() });
    },
  };
}
