// Events by minute: all of them as an area, each topic as a line. Drawn on a canvas, said in a table below it.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "../style/chart.css";
import type { Minute } from "../lib/contract";
import { theme } from "../state/prefs";
import { hue, topicName } from "./bits";
import { colour } from "./colour";

export interface ChartProps {
  minutes: readonly Minute[];
  topics: readonly string[];
  height: number;
}

const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

function dataOf(minutes: readonly Minute[], topics: readonly string[]): uPlot.AlignedData {
  return [
    minutes.map(({ minute }) => Date.parse(minute) / 1000),
    minutes.map(({ events }) => events),
    ...topics.map((topic) => minutes.map((one) => one.topics[topic] ?? 0)),
  ];
}

function optionsFor(
  box: HTMLElement,
  topics: readonly string[],
  height: number,
  point: (index: number | null) => void,
): uPlot.Options {
  const stepped = uPlot.paths.stepped?.({ align: -1 });
  const paths = stepped ? { paths: stepped } : {};
  const axis = {
    stroke: colour(box, "--ink-soft"),
    grid: { stroke: colour(box, "--line"), width: 1 },
    ticks: { show: false },
  };
  const font = "11px system-ui, sans-serif";
  return {
    width: box.clientWidth || 300,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, Math.max(4, Math.ceil(max * 1.1))] } },
    axes: [
      {
        ...axis,
        font,
        size: 24,
        values: (_, times) => times.map((time) => hour.format(time * 1000)),
        grid: { show: false },
      },
      { ...axis, font, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
    ],
    series: [
      {},
      { ...paths, width: 1, stroke: colour(box, "--ink-faint"), fill: colour(box, "--area"), points: { show: false } },
      ...topics.map((topic) => ({
        ...paths,
        width: 1.5,
        stroke: colour(box, "--topic", hue(topic)),
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? null)] },
  };
}

function Table({ minutes, topics }: Omit<ChartProps, "height">) {
  return (
    <details class="as-table">
      <summary>As a table</summary>
      <div class="scroll-x">
        <table>
          <thead>
            <tr>
              <th scope="col">Minute</th>
              <th scope="col">All</th>
              {topics.map((topic) => (
                <th key={topic} scope="col">
                  {topicName(topic)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {minutes
              .filter(({ events }) => events > 0)
              .reverse()
              .map((one) => (
                <tr key={one.minute}>
                  <th scope="row">{hour.format(new Date(one.minute))}</th>
                  <td>{one.events}</td>
                  {topics.map((topic) => (
                    <td key={topic}>{one.topics[topic] ?? 0}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** Activity over time. */
export function Chart({ minutes, topics, height }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const at = useSignal<number | null>(null);
  const dark = useSignal(0); // goes up when the colours change
  const key = useComputed(() => `${theme.value} ${dark.value}`);
  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => (dark.value += 1);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, []);
  useEffect(() => {
    const here = box.current;
    if (!here) return;
    const made = new uPlot(
      optionsFor(here, topics, height, (index) => (at.value = index)),
      dataOf(minutes, topics),
      here,
    );
    const watch = new ResizeObserver(() => made.setSize({ width: here.clientWidth, height }));
    watch.observe(here);
    plot.current = made;
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [key.value, topics.join(), height]);
  useEffect(() => plot.current?.setData(dataOf(minutes, topics)), [minutes]);
  const one = minutes[at.value ?? minutes.length - 1];
  return (
    <div class="chart">
      <p class="legend" aria-hidden="true">
        <span class="when">{one ? hour.format(new Date(one.minute)) : ""}</span>
        <span>
          <i class="all" /> all <b>{one?.events ?? 0}</b>
        </span>
        {topics.map((topic) => (
          <span key={topic} class={hue(topic)}>
            <i class="line" /> {topicName(topic)} <b>{one?.topics[topic] ?? 0}</b>
          </span>
        ))}
      </p>
      <div ref={box} class="plot" aria-hidden="true" />
      <Table minutes={minutes} topics={topics} />
    </div>
  );
}
