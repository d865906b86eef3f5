import { describe, expect, it } from "vitest";
import { binOf, binsFor } from "../src/lib/bins";
import { ago, agoInWords, countryName, duration, languageName, many, percent } from "../src/lib/names";

describe("times", () => {
  const now = new Date("2026-01-20T12:00:00Z");
  const earlier = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
  it("are short", () => {
    expect([0, 1, 59.9, 60, 1439].map((minutes) => ago(earlier(minutes), now))).toEqual([
      "now",
      "1 min",
      "59 min",
      "1 h",
      "23 h",
    ]);
    expect(ago(earlier(1440), now)).toBe("19 Jan");
    expect(ago(new Date("2025-01-20T12:00:00Z"), now)).toBe("20 Jan 2025");
    expect(ago(new Date("nonsense"), now)).toBe("unknown");
  });
  it("stand in sentences", () => {
    expect([0, 5, 120, 1440].map((minutes) => agoInWords(earlier(minutes), now))).toEqual([
      "just now",
      "5 min ago",
      "2 h ago",
      "on 19 Jan",
    ]);
  });
  it("last", () => {
    expect([45, 600, 7200, 300_000].map(duration)).toEqual(["45 s", "10 min", "2 h", "3 days"]);
  });
});

describe("names", () => {
  it("are English, and codes where there is none", () => {
    expect([countryName("UA"), countryName("XK"), countryName("!")]).toEqual(["Ukraine", "Kosovo", "!"]);
    expect([languageName("uk"), languageName("zh-Hant"), languageName("??")]).toEqual([
      "Ukrainian",
      "Traditional Chinese",
      "??",
    ]);
  });
  it("agree with their number", () => {
    expect([many(1, "story", "stories"), many(2, "story", "stories"), many(1234, "event")]).toEqual([
      "1 story",
      "2 stories",
      "1,234 events",
    ]);
    expect([percent(0), percent(0.001), percent(0.184)]).toEqual(["0 %", "<1 %", "18 %"]);
  });
});

describe("classes of the map", () => {
  it("cover every count once", () => {
    for (const greatest of [1, 2, 3, 5, 17, 300, 10_000]) {
      const bins = binsFor([greatest, 1], 5);
      expect(bins[0]?.[0]).toBe(1);
      expect(bins.at(-1)?.[1]).toBe(greatest);
      for (let index = 1; index < bins.length; index++) expect(bins[index]?.[0]).toBe((bins[index - 1]?.[1] ?? 0) + 1);
      expect(binOf(greatest, bins)).toBe(bins.length);
      expect(binOf(0, bins)).toBe(0);
    }
    expect(binsFor([], 5)).toEqual([]);
  });
});
