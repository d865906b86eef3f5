import { describe, expect, it } from "vitest";
import { COLUMN_CAP, emptyColumn, withNew, withOlder, without } from "../src/state/columns";
import { event } from "./event";

const id = (number: number) => number.toString(16).padStart(32, "0");
const numbered = (number: number, topic = "davos") =>
  event({ id: id(number), topics: [{ topic, score: 1, threshold: 0.5, evidence: [] }] });
const ids = (column: { items: readonly { id: string }[] }) => column.items.map((one) => Number.parseInt(one.id, 16));

describe("a column", () => {
  it("has the latest arrival on top, each event once", () => {
    let column = withNew(emptyColumn(null), [numbered(1), numbered(2), numbered(1)]);
    column = withNew(column, [numbered(2), numbered(3)]);
    expect(ids(column)).toEqual([3, 2, 1]);
  });
  it("takes only its own topic", () => {
    expect(ids(withNew(emptyColumn("davos"), [numbered(1), numbered(2, "ukraine-war")]))).toEqual([1]);
  });
  it("lets a new version take the place of the old one, even one that left the topic", () => {
    const column = withNew(emptyColumn("davos"), [numbered(1), numbered(2)]);
    expect(ids(withNew(column, [{ ...numbered(3), supersedes: id(1) }]))).toEqual([3, 2]);
    expect(ids(withNew(column, [{ ...numbered(3, "ukraine-war"), supersedes: id(1) }]))).toEqual([2]);
  });
  it("says when old ones were pushed out", () => {
    const many = Array.from({ length: COLUMN_CAP }, (_, index) => numbered(index));
    const full = withNew(emptyColumn(null), many);
    expect(full.cut).toBe(false);
    const over = withNew(full, [numbered(9999)]);
    expect([over.cut, over.items.length, ids(over)[0]]).toEqual([true, COLUMN_CAP, 9999]);
  });
  it("keeps what was loaded on demand", () => {
    const many = Array.from({ length: COLUMN_CAP + 50 }, (_, index) => numbered(index));
    const column = withOlder(emptyColumn(null), many, "next");
    expect(withNew(column, [numbered(9999)]).items).toHaveLength(COLUMN_CAP + 50);
  });
  it("stays the same value when nothing changes", () => {
    const column = withNew(emptyColumn("davos"), [numbered(1)]);
    expect(withNew(column, [numbered(1), numbered(2, "ukraine-war")])).toBe(column);
    expect(without(column, id(7))).toBe(column);
    expect(ids(without(column, id(1)))).toEqual([]);
  });
});
