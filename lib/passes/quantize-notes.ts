/** What quantize says of its work: a line for each pair of types, whatever the number of matrices. */
export interface Conversion {
  name: string;
  /** Names of the types. */
  from: string;
  to: string;
  bytesBefore: number;
  bytesAfter: number;
  /** The norm of the changes by that of the values. */
  relative: number;
  /** The largest |new − old|. */
  largest: number;
}

/** `57 matrices FLOAT32 → GGML_Q8_0, 53.1 MB → 14.1 MB; error 0.42 to 0.61 % (rms), most in 'a'; at most 0.012, in 'b'`. */
export function conversionNotes(conversions: readonly Conversion[]): string[] {
  const kinds = new Map<string, Conversion[]>();
  for (const conversion of conversions) {
    const kind = `${conversion.from} → ${conversion.to}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), conversion]);
  }
  return [...kinds].map(([kind, list]) => noteOf(kind, list));
}

function noteOf(kind: string, list: readonly Conversion[]): string {
  const worst = list.reduce((a, b) => (b.relative > a.relative ? b : a));
  const best = list.reduce((a, b) => (b.relative < a.relative ? b : a));
  const widest = list.reduce((a, b) => (b.largest > a.largest ? b : a));
  const sum = (pick: (one: Conversion) => number) => list.reduce((total, one) => total + pick(one), 0);
  const percent = ({ relative }: Conversion) => (100 * relative).toPrecision(3);
  const sizes = `${size(sum((one) => one.bytesBefore))} → ${size(sum((one) => one.bytesAfter))}`;
  const largest = `at most ${widest.largest.toPrecision(3)}`;
  if (list.length === 1)
    return `'${worst.name}' ${kind}, ${sizes}; error ${percent(worst)} % (rms), ${largest}`;
  const range = percent(best) === percent(worst) ? percent(worst) : `${percent(best)} to ${percent(worst)}`;
  return `${list.length} matrices ${kind}, ${sizes}; error ${range} % (rms), most in '${worst.name}'; ${largest}, in '${widest.name}'`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
