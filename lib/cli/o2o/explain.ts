/** `o2o explain`: what the compiler makes of a model, without running it. */
import { lift } from '../../ir/graph/index.ts';
import { type ExplainedAttention, type Explanation, explain } from '../../plan/index.ts';
import { exitCode } from '../common/index.ts';
import { inFile, openModel, type Word } from './word.ts';

export const explainWord: Word = {
  count: [0, 1],
  options: {
    steps: { type: 'boolean', help: 'list every step of the program' },
    json: { type: 'boolean', help: 'everything as JSON' },
  },
  async run(invocation) {
    const [file] = invocation.positionals;
    const model = await inFile(file, () => openModel(invocation, file));
    const explanation = explain(lift(model));
    await invocation.write(
      invocation.flag('json')
        ? `${JSON.stringify(explanation, null, 2)}\n`
        : render(explanation, invocation.flag('steps')),
    );
    return exitCode.done;
  },
};

function render(explanation: Explanation, withSteps: boolean): string {
  const { decode, attention, tables, steps, weights, memory, prefill, proved } = explanation;
  const counts = new Map<string, number>();
  for (const { kernel } of steps) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  const types = Object.entries(weights.types).map(
    ([type, { count, bytes }]) => `${count} ${type} (${size(bytes)})`,
  );
  const [{ declared } = { declared: { cache: [], mask: [] } }] = attention;
  const lines = [
    row(
      'decode',
      `${decode.path}: ${decode.operators} operators → ${steps.length} steps → logits [${decode.vocabulary}]`,
    ),
    ...groups(attention).map((text, i) => row(i === 0 ? 'attention' : '', text)),
    row(
      'exported',
      `caches [${declared.cache.join(', ')}], masks [${declared.mask.join(', ')}]: sizes, not semantics; a position attends as the mask says at any length`,
    ),
    row(
      'tables',
      tables.length === 0
        ? 'none'
        : `${tables.length} of the position alone: ${tables.map(({ name, width }) => `${name} [${width}]`).join(', ')}`,
    ),
    row('kernels', [...counts].map(([kernel, n]) => `${n} ${kernel}`).join(', ')),
    row('weights', `${weights.count}, ${size(weights.bytes)}: ${types.join(', ')}`),
    row(
      'memory',
      `${size(memory.arenaPerRow)} a row, keys and values ${size(memory.kvPerPosition.f32)} a position (f32), ${size(memory.kvPerPosition.f16)} (f16)`,
    ),
    row(
      'prefill',
      prefill ? `${prefill.path}, ${prefill.rows} rows` : 'none: prompts run through the decode program',
    ),
    ...proved.map((text, i) => row(i === 0 ? 'proved' : '', text)),
  ];
  if (withSteps)
    lines.push(
      '',
      ...steps.map(
        ({ kernel, width, reads, wantedRows, path }, i) =>
          `${`${i}`.padStart(4)}  ${kernel.padEnd(10)} [${width}]${wantedRows ? ' wanted rows' : ''} ← ${reads.join(', ')}${path ? `   ${path}` : ''}`,
      ),
    );
  return `${lines.join('\n')}\n`;
}

const row = (title: string, text: string): string => `${title.padEnd(10)} ${text}`;

/** Layers that attend in the same way in one line. */
function groups(attention: readonly ExplainedAttention[]): string[] {
  const found = new Map<string, number[]>();
  for (const block of attention) {
    const { heads, kvHeads, headDim, scale, window, rope, biases, norms, from } = block;
    const parts = [
      `${heads} heads of ${headDim} over ${kvHeads} kv heads`,
      `scale ${Number(scale.toPrecision(6))}`,
      window === null ? 'causal' : `causal, window ${window}`,
      rope ? `RoPE by tables ${rope.cos}, ${rope.sin}` : 'no RoPE',
      ...(biases.length > 0 ? [`biases on ${biases.join(', ')}`] : []),
      ...(norms.length > 0 ? [`norms on ${norms.join(', ')}`] : []),
      `from ${from === 'ATTENTION' ? 'ATTENTION' : 'the open block'}`,
    ];
    const text = parts.join(', ');
    found.set(text, [...(found.get(text) ?? []), block.cache]);
  }
  return [...found].map(([text, layers]) => `layers ${ranges(layers)}: ${text}`);
}

/** 0, 1, 2, 5 → `0–2, 5` */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  let value = bytes;
  for (; value >= 10_000 && at < units.length - 1; at++) value /= 1024;
  return `${at === 0 ? value : value.toPrecision(4)} ${units[at]}`;
}
