// Single keys as shortcuts, unless the reader turned them off or is writing.
import { VIEWS } from "../lib/filters";
import { togglePause } from "../state/feed";
import { clearFilters, show } from "../state/place";
import { nextTheme, shortcuts } from "../state/prefs";
import { helpOpen } from "./Help";

const ITEM = "[data-item]";

function writing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input:not([type=checkbox]), select, textarea, dialog") !== null
  );
}

function move(step: number): void {
  const items = [...document.querySelectorAll<HTMLElement>(`main ${ITEM}`)].filter(
    (item) => item.offsetParent !== null,
  );
  const here = items.findIndex((item) => item.contains(document.activeElement));
  const next = items[here < 0 ? 0 : Math.max(0, Math.min(items.length - 1, here + step))];
  (next?.querySelector<HTMLElement>("h3 a, [data-first]") ?? next)?.focus();
}

function details(): void {
  const item = document.activeElement?.closest(ITEM);
  item?.querySelector<HTMLElement>("button[aria-expanded]")?.click();
}

function focus(id: string): void {
  document.getElementById(id)?.focus();
}

const ACTIONS: Record<string, () => void> = {
  "/": () => focus("search"),
  j: () => move(1),
  k: () => move(-1),
  o: details,
  p: togglePause,
  t: nextTheme,
  x: clearFilters,
  f: () => {
    const more = document.getElementById("more-filters");
    if (more?.offsetParent && more.getAttribute("aria-expanded") === "false") more.click();
    setTimeout(() => focus("filter-country"));
  },
  "?": () => {
    helpOpen.value = true;
  },
};

function action(key: string): (() => void) | undefined {
  const view = VIEWS[Number(key) - 1];
  return view ? () => show(view) : ACTIONS[key];
}

export function listenForKeys(): void {
  addEventListener("keydown", (press) => {
    if (press.key === "Escape" && press.target instanceof HTMLInputElement) {
      press.target.blur();
      return;
    }
    if (!shortcuts.value || press.ctrlKey || press.metaKey || press.altKey || writing(press.target)) return;
    const act = action(press.key);
    if (!act) return;
    press.preventDefault();
    act();
  });
}
