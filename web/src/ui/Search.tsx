import { useEffect, useRef } from "preact/hooks";
import { filter, filters } from "../state/place";

const TYPING_MS = 300;

/** The search field: it searches while somebody types, and holds for what arrives. */
export function Search() {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { q } = filters.value;
  useEffect(() => {
    if (input.current && input.current.value.trim() !== q) input.current.value = q;
  }, [q]);
  const search = (text: string) => filter({ q: text.trim().slice(0, 200) }, true);
  return (
    <search class="search">
      <label for="search" class="sr">
        Search titles and summaries
      </label>
      <input
        ref={input}
        id="search"
        type="search"
        dir="auto"
        placeholder="Search titles and summaries"
        maxLength={200}
        autocomplete="off"
        spellcheck={false}
        // Whoever leaves the field has finished: what they do next comes after the search.
        onBlur={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          search(value);
        }}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(search, TYPING_MS, value);
        }}
      />
    </search>
  );
}
