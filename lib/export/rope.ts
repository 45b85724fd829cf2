/** RoPE frequencies and tables, with the float32 steps of transformers (modeling_rope_utils). */
import type { Rope } from './rope-config.ts';

const f = Math.fround;

/** number / x as torch computes it for a Python number and a float32 tensor: the rounded reciprocal times the number. */
function over(number: number, x: number): number {
  return f(f(1 / x) * f(number));
}

/** [head_dim / 2]: 1 / θ^(2i / D), scaled as rope_type says. */
export function inverseFrequencies({ theta, scaling }: Rope, headDim: number): Float32Array {
  const plain = Float32Array.from({ length: headDim / 2 }, (_, i) => f(1 / f(theta ** f((2 * i) / headDim))));
  if (scaling.type === 'default') return plain;
  const factor = f(scaling.factor);
  if (scaling.type === 'linear') return plain.map((frequency) => f(frequency / factor));
  if (scaling.type === 'yarn') return yarn(plain, theta, scaling);
  const { lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  const [maxWavelength, minWavelength] = [
    originalMaxPositions / lowFreqFactor,
    originalMaxPositions / highFreqFactor,
  ];
  return plain.map((frequency) => {
    const wavelength = over(2 * Math.PI, frequency);
    if (wavelength < minWavelength) return frequency;
    if (wavelength > maxWavelength) return f(frequency / factor);
    const above = f(over(originalMaxPositions, wavelength) - f(lowFreqFactor));
    const smooth = f(above / f(highFreqFactor - lowFreqFactor));
    return f(f(f(f(1 - smooth) * frequency) / factor) + f(smooth * frequency));
  });
}

/** High frequencies stay, low ones are divided by the factor, and those between are blended along a linear ramp. */
function yarn(
  plain: Float32Array,
  theta: number,
  { factor, originalMaxPositions, betaFast, betaSlow }: Extract<Rope['scaling'], { type: 'yarn' }>,
): Float32Array {
  const headDim = 2 * plain.length;
  /** The dimension whose angle makes this many turns over the original context length. */
  const dimension = (turns: number) =>
    (headDim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(Math.floor(dimension(betaFast)), 0);
  const high = Math.min(Math.ceil(dimension(betaSlow)), headDim - 1);
  return plain.map((frequency, i) => {
    const ramp = Math.min(Math.max((i - low) / (Math.max(high, low + 0.001) - low), 0), 1);
    return frequency * (1 - ramp) + (frequency / factor) * ramp;
  });
}

/** The factor of cos and sin. */
export function attentionFactor({ scaling }: Rope): number {
  return scaling.type === 'yarn' ? scaling.attentionFactor : 1;
}

/** cos and sin of positions 0 … length − 1, times `factor`: [length, head_dim] each. */
export function ropeTables(
  frequencies: Float32Array,
  length: number,
  factor: number,
): { cos: Float32Array; sin: Float32Array } {
  const half = frequencies.length;
  const table = (of: (angle: number) => number) =>
    Float32Array.from({ length: length * half * 2 }, (_, i) => {
      const position = Math.floor(i / (2 * half));
      return f(of(f(position * frequencies[i % half]!))) * f(factor);
    });
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
