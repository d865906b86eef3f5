// The map and the chart come when they are first looked at: the first paint does not wait for them.
import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import type { ChartProps } from "./Chart";
import type { MapProps } from "./WorldMap";

function lazily<P extends object>(what: string, load: () => Promise<ComponentType<P>>) {
  let ready: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const state = useSignal<"loading" | "ready" | "failed">(ready ? "ready" : "loading");
    useEffect(() => {
      if (ready) return;
      load().then(
        (part) => {
          ready = part;
          state.value = "ready";
        },
        () => {
          state.value = "failed";
        },
      );
    }, []);
    const Part = ready;
    if (state.value === "ready" && Part) return <Part {...props} />;
    return (
      <p class="later">
        {state.value === "failed" ? `The ${what} could not be loaded; reload the page.` : `Loading the ${what} …`}
      </p>
    );
  };
}

export const LazyMap = lazily<MapProps>("map", async () => (await import("./WorldMap")).WorldMap);
export const LazyChart = lazily<ChartProps>("chart", async () => (await import("./Chart")).Chart);
