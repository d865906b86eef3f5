import { describe, expect, it } from "vitest";
import type { EnrichedEvent } from "../src/generated/event";
import { clean, segments, shorten, webAddress } from "../src/lib/text";

function topics(...spans: [start: number, end: number, text: string][]): EnrichedEvent["topics"] {
  const evidence = spans.map(([start, end, text]) => ({ field: "title" as const, start, end, text }));
  return [{ topic: "davos", score: 1, threshold: 0.5, evidence }];
}

const joined = (parts: { text: string; marked: boolean }[]) =>
  parts.map(({ text, marked }) => (marked ? `[${text}]` : text)).join("");

describe("clean", () => {
  it("takes out what reorders, hides or controls", () => {
    expect(clean("a\u202eb\u2066c\u200bd\ufeffe\u0007f\u0085g\u2028h")).toBe("abcdefgh");
  });
  it("leaves joiners and marks of real scripts", () => {
    for (const text of ["می‌خواهم", "👩‍🚀", "ท้ำ", "क्षत्रिय", "é"]) expect(clean(text)).toBe(text);
  });
  it("takes the top off a pile of marks", () => {
    expect([...clean(`a${"\u0301".repeat(500)}b`)]).toHaveLength(8);
  });
  it("keeps words apart", () => {
    expect(clean("two\nlines")).toBe("two lines");
  });
});

describe("shorten", () => {
  it("never cuts a code point in two", () => {
    expect(shorten("ab😀c", 3)).toBe("ab…");
    expect(shorten("abc", 3)).toBe("abc");
  });
});

describe("segments", () => {
  it("counts code points, as the contract does", () => {
    expect(joined(segments(topics([2, 7, "Davos"]), "title", "😀 Davos calls"))).toBe("😀 [Davos] calls");
  });
  it("joins spans that overlap", () => {
    expect(joined(segments(topics([0, 5, "Davos"], [3, 8, "os ca"], [0, 2, "Da"]), "title", "Davos calls"))).toBe(
      "[Davos][ ca]lls",
    );
  });
  it("marks nothing where the text is not what the evidence says", () => {
    expect(joined(segments(topics([0, 5, "Other"], [4, 99, "s"], [3, 2, ""]), "title", "Davos"))).toBe("Davos");
  });
  it("cuts long texts and the marks in them", () => {
    const parts = segments(topics([0, 900, "x".repeat(900)]), "title", "x".repeat(1000));
    expect(joined(parts)).toBe(`[${"x".repeat(600)}]…`);
  });
});

describe("webAddress", () => {
  it("takes http and https only", () => {
    expect(webAddress("https://example.org/a b")).toBe("https://example.org/a%20b");
    for (const text of ["javascript:alert(1)", "data:text/html,x", "//example.org", "", "ftp://example.org"]) {
      expect(webAddress(text)).toBeNull();
    }
  });
});
