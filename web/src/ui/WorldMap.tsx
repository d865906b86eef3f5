// The world by how often it is spoken of. The list beside it says the same to those who cannot see or point.
import { useSignal } from "@preact/signals";
import { type GeoPermissibleObjects, geoNaturalEarth1, geoPath } from "d3-geo";
import { useEffect, useMemo } from "preact/hooks";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import address from "../generated/world.json?url";
import { binOf, binsFor } from "../lib/bins";
import type { Counted } from "../lib/contract";
import { countryName, many } from "../lib/names";

export interface MapProps {
  counts: readonly Counted[];
  selected: readonly string[];
  region: Region;
  pick(code: string): void;
}

const WIDTH = 960;
const HEIGHT = 470;
const CLASSES = 5;

/** Corners of what each region shows: west, south, east, north. */
const BOXES = {
  World: [-168, -56, 178, 80],
  Europe: [-12, 34, 45, 66],
  "Middle East": [24, 12, 64, 42],
  Asia: [60, -10, 146, 54],
  Africa: [-20, -36, 54, 38],
  Americas: [-130, -56, -34, 60],
} as const;
export type Region = keyof typeof BOXES;

type World = Topology<{ countries: GeometryCollection<{ name: string }> }>;
let world: Promise<World> | null = null;

async function fetchWorld(): Promise<World> {
  return (await fetch(address)).json() as Promise<World>;
}

function corners(region: Region): GeoPermissibleObjects {
  const [west, south, east, north] = BOXES[region];
  const middle = (west + east) / 2;
  const points = [west, middle, east].flatMap((x) => [
    [x, south],
    [x, north],
  ]);
  return { type: "MultiPoint", coordinates: points };
}

/** A choropleth; pressing a country picks it. */
export function WorldMap({ counts, selected, region, pick }: MapProps) {
  const shape = useSignal<World | null>(null);
  const failed = useSignal(false);
  const pointed = useSignal("");
  useEffect(() => {
    world ??= fetchWorld();
    world.then(
      (loaded) => (shape.value = loaded),
      () => {
        world = null;
        failed.value = true;
      },
    );
  }, []);
  const topology = shape.value;
  const paths = useMemo(() => {
    if (!topology) return [];
    const path = geoPath(
      geoNaturalEarth1().fitExtent(
        [
          [4, 4],
          [WIDTH - 4, HEIGHT - 4],
        ],
        corners(region),
      ),
    ).digits(1);
    return feature(topology, topology.objects.countries).features.map((country) => ({
      code: String(country.id ?? ""),
      name: country.properties.name,
      d: path(country) ?? "",
    }));
  }, [topology, region]);
  if (failed.value) return <p class="later">The map could not be loaded; reload the page.</p>;
  const events = new Map(counts.map((one) => [one.value, one.events]));
  const bins = binsFor(
    counts.map((one) => one.events),
    CLASSES,
  );
  const top = counts.slice(0, 5).map((one) => `${countryName(one.value)} ${one.events}`);
  const label = top.length ? `Map of countries by events: ${top.join(", ")}` : "Map of countries; no events yet";
  const named = paths.find(({ code, name }) => (code || name) === pointed.value);
  return (
    <figure class="map">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} onPointerLeave={() => (pointed.value = "")}>
        {paths.map(({ code, name, d }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list of countries beside the map does the same by key
          <path
            key={code || name}
            d={d}
            class={`bin-${binOf(events.get(code) ?? 0, bins)} ${selected.includes(code) ? "selected" : ""}`}
            onPointerEnter={() => (pointed.value = code || name)}
            onClick={() => code && pick(code)}
          />
        ))}
      </svg>
      <figcaption>
        <span class="legend">
          {bins.map(([from, to], index) => (
            <span key={from}>
              <i class={`bin-${index + 1}`} />
              {from === to ? from : `${from}–${to}`}
            </span>
          ))}
        </span>
        <span class="pointed" aria-hidden="true">
          {named
            ? `${named.code ? countryName(named.code) : named.name}: ${many(events.get(named.code) ?? 0, "event")}`
            : ""}
        </span>
      </figcaption>
    </figure>
  );
}
