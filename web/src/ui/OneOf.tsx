import type { Signal } from "@preact/signals";

/** Chips of which one is pressed; `legend` says to screen readers what they choose. */
export function OneOf<T extends string>({
  legend,
  of,
  chosen,
}: {
  legend: string;
  of: readonly T[];
  chosen: Signal<T>;
}) {
  return (
    <fieldset class="regions">
      <legend class="sr">{legend}</legend>
      {of.map((name) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={chosen.value === name}
          onClick={() => {
            chosen.value = name;
          }}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
