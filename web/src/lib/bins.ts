// Classes of a choropleth: geometric, because a few countries are spoken of far more than all others.

export type Bin = readonly [from: number, to: number];

/** At most `most` ranges of whole numbers that together cover 1 to the greatest count. */
export function binsFor(counts: readonly number[], most: number): Bin[] {
  const greatest = Math.max(0, ...counts);
  const bins: Bin[] = [];
  let from = 1;
  for (let step = 1; step <= most && from <= greatest; step++) {
    const to = step === most ? greatest : Math.max(from, Math.round(greatest ** (step / most)));
    bins.push([from, to]);
    from = to + 1;
  }
  return bins;
}

/** The class of a count, from 1; 0 for none. */
export function binOf(count: number, bins: readonly Bin[]): number {
  if (count < 1) return 0;
  const index = bins.findIndex(([, to]) => count <= to);
  return index < 0 ? bins.length : index + 1;
}
