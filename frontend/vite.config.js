// Builds css/ and js/ into src/hirocrm/web/assets/: hashed names, a manifest, .br and .gz beside each text file.
import { defineConfig } from "vite";
import tailwindcss from "@tailwindcss/vite";
import { iconSprite } from "./build/icon_sprite.js";
import { licences } from "./build/licences.js";
import { precompress } from "./build/precompress.js";

const BROWSERS = ["chrome111", "firefox128", "safari16.4"]; // what Tailwind 4 itself needs

export default defineConfig({
  base: "./", // chunks find each other beside themselves, whatever STATIC_URL is
  publicDir: false,
  plugins: [tailwindcss(), iconSprite(), licences(), precompress()],
  build: {
    outDir: "../src/hirocrm/web/assets",
    emptyOutDir: true,
    manifest: "manifest.json",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: BROWSERS,
    cssTarget: BROWSERS,
    cssMinify: "lightningcss", // turns light-dark() into what Safari 16 understands
    reportCompressedSize: false,
    rollupOptions: {
      // htmx can eval hx-on attributes; we switch that off (allowEval false) and the policy forbids it anyway.
      onwarn: (warning, warn) => warning.code === "EVAL" || warn(warning),
      input: { app: "js/app.js", style: "css/app.css" },
      output: {
        hashCharacters: "base36",
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
