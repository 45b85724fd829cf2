/** Floats as the shortest decimals that read back as the same float32. */

export function float32Text(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  // Nine digits always suffice.
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return withPoint(`${text}`);
  }
  return withPoint(`${Number(value.toPrecision(9))}`);
}

/** `1` is an integer, `1.0` is not. */
function withPoint(text: string): string {
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB'];

/** `4.5 MiB` */
export function sizeText(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  const text = size >= 100 ? `${Math.round(size)}` : `${Number(size.toPrecision(3))}`;
  return `${text} ${UNITS[unit]}`;
}
