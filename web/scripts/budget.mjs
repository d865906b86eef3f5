// Fails when the script that the first paint needs is over its budget. Counted as sent without compression: a slow
// phone parses all of it, however it came.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const BUDGET_BYTES = 200_000;
const out = new URL("../../app/gateway/static/", import.meta.url).pathname;
const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8"));

const seen = new Set();
function collect(name) {
  if (seen.has(name)) return;
  seen.add(name);
  for (const needed of manifest[name].imports ?? []) collect(needed);
}
collect("index.html");

let bytes = 0;
for (const name of seen) bytes += (await stat(join(out, manifest[name].file))).size;
console.log(`script for the first paint: ${(bytes / 1000).toFixed(1)} kB of ${BUDGET_BYTES / 1000} kB`);
if (bytes > BUDGET_BYTES) {
  console.error("over budget: load what the first paint does not need with import()");
  process.exit(1);
}
