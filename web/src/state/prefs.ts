// What the reader set for this browser: the theme, and whether single keys are shortcuts.
import { effect, signal } from "@preact/signals";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

function read(name: string): string | null {
  try {
    return localStorage.getItem(`geonews.${name}`);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`geonews.${name}`, value);
  } catch {
    // A browser that stores nothing forgets it with the page.
  }
}

export const theme = signal<Theme>(THEMES.find((one) => one === read("theme")) ?? "auto");
export const shortcuts = signal(read("shortcuts") !== "off");

effect(() => {
  if (theme.value === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
  write("theme", theme.value);
});
effect(() => write("shortcuts", shortcuts.value ? "on" : "off"));

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "auto";
}
