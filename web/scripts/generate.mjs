// Makes src/generated/: types and sectors from ../schemas/generated, and the world map with ISO 3166-1 alpha-2 ids.
// It runs before every check and build, so neither can be out of date; the folder is not under version control.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import codes from "i18n-iso-countries/codes.json" with { type: "json" };
import { compile } from "json-schema-to-typescript";
import world from "world-atlas/countries-110m.json" with { type: "json" };

const here = dirname(fileURLToPath(import.meta.url));
const schemas = join(here, "../../schemas/generated");
const out = join(here, "../src/generated");

const TYPES = {
  "enriched-event": "event",
  story: "story",
  alert: "alert",
  "source-health": "source-health",
  withdrawal: "withdrawal",
};

const UNNUMBERED = { Kosovo: "XK" }; // places without an ISO number that have a code in common use
const LEFT_OUT = new Set(["010"]); // Antarctica is nobody's news and a fifth of the map

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

// A field with one possible value tells records apart, and is always there; JSON Schema calls it optional because it has
// a default.
function requireConstants(part) {
  const constant = Object.keys(part.properties ?? {}).filter((name) => "const" in part.properties[name]);
  if (constant.length) part.required = [...new Set([...(part.required ?? []), ...constant])];
  for (const inner of Object.values(part.$defs ?? {})) requireConstants(inner);
}

for (const [file, module] of Object.entries(TYPES)) {
  const schema = JSON.parse(await readFile(join(schemas, `${file}.schema.json`), "utf8"));
  requireConstants(schema);
  const types = await compile(schema, schema.title, {
    bannerComment: `// Made from schemas/generated/${file}.schema.json by scripts/generate.mjs.`,
    additionalProperties: false,
    format: false,
  });
  await writeFile(join(out, `${module}.ts`), types);
}

const { properties } = JSON.parse(await readFile(join(schemas, "enriched-event.schema.json"), "utf8"));
const sectors = properties.sectors.items.examples;
await writeFile(join(out, "sectors.ts"), `export const SECTORS: readonly string[] = ${JSON.stringify(sectors)};\n`);

const alpha2 = new Map(codes.map(([two, , number]) => [number, two]));
const countries = world.objects.countries;
countries.geometries = countries.geometries
  .filter((shape) => !LEFT_OUT.has(shape.id))
  .map(({ type, arcs, id, properties }) => ({
    type,
    arcs,
    id: alpha2.get(id) ?? UNNUMBERED[properties.name] ?? "",
    properties: { name: properties.name },
  }));
delete world.objects.land;
await writeFile(join(out, "world.json"), JSON.stringify(world));
