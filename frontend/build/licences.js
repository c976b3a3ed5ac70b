// The bundle carries other people's work: their licences travel with it.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const BUNDLED = ["htmx.org", "sortablejs", "daisyui", "tailwindcss", "@iconify-json/lucide", "@fontsource-variable/hanken-grotesk"];
const MODULES = join(import.meta.dirname, "..", "node_modules");

function licenceOf(name) {
  const folder = join(MODULES, name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), "utf8").trim() : ""}`;
}

export function licences() {
  return {
    name: "licences",
    generateBundle() {
      const source = BUNDLED.map(licenceOf).join(`\n\n${"-".repeat(80)}\n\n`);
      this.emitFile({ type: "asset", fileName: "licences.txt", source: `${source}\n` });
    },
  };
}
