import type { ComponentChildren } from "preact";
import { count, percent } from "../lib/names";

export interface Ranked {
  value: string;
  label: string;
  number: number;
  note?: string;
}

interface RankingProps {
  title: string;
  rows: readonly Ranked[];
  unit: string;
  most?: number;
  selected?: readonly string[];
  pick?: ((value: string) => void) | undefined;
  children?: ComponentChildren;
}

/** Names with how often each occurs, as bars; pressing one filters by it where that is possible. */
export function Ranking({ title, rows, unit, most = 10, selected = [], pick, children }: RankingProps) {
  const shown = rows.filter(({ number }) => number > 0).slice(0, most);
  const greatest = Math.max(1, ...shown.map(({ number }) => number));
  const total = rows.reduce((sum, { number }) => sum + number, 0);
  return (
    <section class="panel ranking">
      <h2>{title}</h2>
      {children}
      {shown.length === 0 && <p class="soft">None yet.</p>}
      <ol>
        {shown.map(({ value, label, number, note }) => (
          <li key={value}>
            {pick ? (
              <button type="button" class="name" aria-pressed={selected.includes(value)} onClick={() => pick(value)}>
                <bdi>{label}</bdi>
              </button>
            ) : (
              <bdi class="name">{label}</bdi>
            )}
            <meter class="bar" min={0} max={greatest} value={number} aria-hidden="true" />
            <span class="number" title={note ?? `${percent(number / Math.max(1, total))} of ${count(total)}`}>
              {count(number)}
              <span class="sr"> {unit}</span>
            </span>
          </li>
        ))}
      </ol>
      {rows.length > shown.length && shown.length === most && <p class="soft">and {count(rows.length - most)} more</p>}
    </section>
  );
}
