import { describe, expect, it } from "vitest";
import { countSet, formatPlace, NO_FILTERS, parameters, parsePlace } from "../src/lib/filters";

describe("the address", () => {
  it("says everything, and is read back as it was", () => {
    const address =
      "/?view=stories&story=0123456789abcdef0123456789abcdef&topic=davos,trade-deals&country=UA,CH&language=uk&sector=energy&source=bbc.com&min_score=0.8&last=24h&q=%D0%9A%D0%B8%D1%97%D0%B2";
    const place = parsePlace(address.slice(1));
    expect(place.filters).toMatchObject({
      topic: ["davos", "trade-deals"],
      country: ["UA", "CH"],
      q: "Київ",
      minScore: 0.8,
    });
    expect(formatPlace(place)).toBe(address);
  });
  it("is / for the plain live view", () => {
    expect(formatPlace(parsePlace(""))).toBe("/");
  });
  it("leaves out what is no filter", () => {
    const place = parsePlace("?view=x&topic=<b>&country=Ukraine&language=!&min_score=7&last=1y&story=1&q=%20");
    expect(place).toEqual({ view: "live", story: null, filters: NO_FILTERS });
  });
  it("takes repeated parameters, small letters and doubles", () => {
    expect(parsePlace("?country=ua&country=UA,ch").filters.country).toEqual(["UA", "CH"]);
  });
});

describe("parameters", () => {
  const { filters } = parsePlace("?topic=davos&language=uk&min_score=0.8&last=1h&q=a");
  const now = new Date("2026-01-20T12:00:00Z");
  it("asks each list only for what it knows", () => {
    expect(`${parameters(filters, "sources", now)}`).toBe("language=uk&q=a");
    expect(`${parameters(filters, "alerts", now)}`).toBe("topic=davos&q=a&since=2026-01-20T11%3A00%3A00.000Z");
    expect(parameters(filters, "events", now).get("min_score")).toBe("0.8");
  });
  it("asks for nothing when nothing is set", () => {
    expect(`${parameters(NO_FILTERS, "events")}`).toBe("");
  });
});

describe("countSet", () => {
  it("counts all but the topics", () => {
    expect(countSet(parsePlace("?topic=davos&country=UA,CH&q=a&last=1h").filters)).toBe(4);
  });
});
