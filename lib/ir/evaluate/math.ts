/** Functions that JavaScript's Math lacks. */

/** x · Φ(x), or its tanh approximation (Hendrycks & Gimpel 2016). */
export function gelu(approximate: boolean): (x: number) => number {
  if (approximate) {
    const factor = Math.sqrt(2 / Math.PI);
    return (x) => 0.5 * x * (1 + Math.tanh(factor * (x + 0.044715 * x ** 3)));
  }
  return (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** Error function to about 1e-15: its series near 0, a continued fraction of erfc (Lentz) further out. */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x > 6) return 1;
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let n = 60; n >= 1; n--) fraction = x + n / 2 / fraction;
  return 1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
