/** RoPE frequencies and tables, with the float32 steps of transformers (modeling_rope_utils). */
import type { Rope } from './rope-config.ts';

const f = Math.fround;

/** number / x as torch computes it for a Python number and a float32 tensor: the reciprocal, rounded, times the number. */
function over(number: number, x: number): number {
  return f(f(1 / x) * f(number));
}

/** [head_dim / 2]: 1 / θ^(2i / D), scaled as rope_type says. */
export function inverseFrequencies({ theta, scaling }: Rope, headDim: number): Float32Array {
  const plain = Float32Array.from({ length: headDim / 2 }, (_, i) => f(1 / f(theta ** f((2 * i) / headDim))));
  if (scaling.type === 'default') return plain;
  const factor = f(scaling.factor);
  if (scaling.type === 'linear') return plain.map((frequency) => f(frequency / factor));
  const { lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  const [longest, shortest] = [originalMaxPositions / lowFreqFactor, originalMaxPositions / highFreqFactor];
  return plain.map((frequency) => {
    const wavelength = over(2 * Math.PI, frequency);
    if (wavelength < shortest) return frequency;
    if (wavelength > longest) return f(frequency / factor);
    const above = f(over(originalMaxPositions, wavelength) - f(lowFreqFactor));
    const smooth = f(above / f(highFreqFactor - lowFreqFactor));
    return f(f(f(f(1 - smooth) * frequency) / factor) + f(smooth * frequency));
  });
}

/** cos and sin of positions 0 … length − 1, [length, head_dim] each. */
export function ropeTables(
  frequencies: Float32Array,
  length: number,
): { cos: Float32Array; sin: Float32Array } {
  const half = frequencies.length;
  const table = (of: (angle: number) => number) =>
    Float32Array.from({ length: length * half * 2 }, (_, i) => {
      const position = Math.floor(i / (2 * half));
      return of(f(position * frequencies[i % half]!));
    });
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
