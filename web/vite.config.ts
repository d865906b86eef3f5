import { defineConfig } from "vitest/config";

const GATEWAY = process.env["GATEWAY"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../app/gateway/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    target: "es2023",
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { proxy: { "/v1": GATEWAY, "/readyz": GATEWAY } },
  test: { include: ["tests/**/*.test.ts"] },
});
