/**
 * quantize: matrices of weights in a narrower type, in GGML's blocks or as halves.
 *
 *   BEFORE  FULLY_CONNECTED(x, W f32[out, in])      AFTER  FULLY_CONNECTED(x, W ggml_q8_0[out, in])
 *
 * Matrices that only FULLY_CONNECTED, GATHER (an embedding) or ATTENTION read. The bytes are made while the file is
 * written, so that a model of any size passes; the errors are measured before, in a first pass over the data.
 */
import {
  BuiltinOperator,
  type CircleBuffer,
  type FloatEncoding,
  type FloatEncodingName,
  floatEncodings,
  operatorName,
  tensorTypeName,
} from '../circle/index.ts';
import { Encoded, Floats, floatWidth, measure } from '../ir/encode/index.ts';
import type { Module, Op, Value } from '../ir/graph/index.ts';
import { Depends, dependence } from '../ir/graph/index.ts';
import { type Filter, type Outcome, usageError } from './pass.ts';
import { type Conversion, conversionNotes } from './quantize-notes.ts';

interface Options {
  dtype: FloatEncodingName;
  /** Names that stay; * stands for any characters. */
  keep: readonly RegExp[];
}

/** ATTENTION's wq, wk, wv and wo; behind them come cos and sin, which may be matrices too. */
const ATTENTION_WEIGHTS = [1, 2, 3, 4];

/**
 * Whether the operator reads the value as a matrix of weights: multiplies by it what comes of tokens, or looks tokens up
 * in it. What it does with positions alone (the frequencies of RoPE, tables of cos and sin) is no weight: a program
 * that took it for exact would change with it.
 */
function isWeightOf(op: Op, value: Value, depends: Map<Value, number>): boolean {
  const comesOfTokens = (input: Value | undefined) =>
    input !== undefined && ((depends.get(input) ?? 0) & Depends.token) !== 0;
  const onlyAt = (places: readonly number[]) =>
    op.inputs.every((input, i) => input !== value || places.includes(i));
  switch (op.code) {
    case BuiltinOperator.FULLY_CONNECTED:
      return onlyAt([1]) && comesOfTokens(op.input(0));
    case BuiltinOperator.GATHER:
      return onlyAt([0]) && comesOfTokens(op.input(1));
    case BuiltinOperator.ATTENTION:
      return onlyAt(ATTENTION_WEIGHTS);
    default:
      return false;
  }
}

function isCandidate(value: Value, depends: Map<Value, number>): boolean {
  return (
    value.isConstant &&
    floatWidth(value.type) !== undefined &&
    value.shape.length === 2 &&
    value.users.some((op) => isWeightOf(op, value, depends))
  );
}

/** Why a matrix stays as it is, or null. */
function obstacle(
  value: Value,
  { elements, type }: FloatEncoding,
  keep: readonly RegExp[],
  depends: Map<Value, number>,
): string | null {
  if (keep.some((pattern) => pattern.test(value.name))) return 'is to be kept';
  if (value.type === type) return `is ${tensorTypeName(type)} already`;
  const other = value.users.find((op) => !isWeightOf(op, value, depends));
  if (other) return `is read by ${operatorName(other.code)} as something else than weights of tokens`;
  if (value.attributes.quantization?.scale?.length) return 'is quantised already';
  if (value.shape[1]! % elements !== 0) return `has rows of ${value.shape[1]}, no multiple of ${elements}`;
  const need = value.shape[0]! * value.shape[1]! * floatWidth(value.type)!;
  const { byteLength } = value.buffer.data!;
  return byteLength === need ? null : `has ${byteLength} bytes instead of ${need}`;
}

/** Converts a module's matrices in place. */
export function quantizeModule(module: Module, { dtype, keep }: Options): Outcome {
  const encoding: FloatEncoding = floatEncodings[dtype];
  const outcome: Outcome = { changed: 0, candidates: 0, what: 'matrices of weights', reasons: [] };
  const conversions: Conversion[] = [];
  // Graphs share buffers: a buffer changes for all tensors that have it, or not at all.
  const tensors = new Map<CircleBuffer, Value[]>();
  const outputs = new Set(module.graphs.flatMap((graph) => graph.outputs));
  const depends = new Map(module.graphs.flatMap((graph) => [...dependence(graph)]));
  for (const { values } of module.graphs)
    for (const value of values) {
      const list = tensors.get(value.buffer);
      if (list) list.push(value);
      else tensors.set(value.buffer, [value]);
    }
  for (const [buffer, values] of tensors) {
    const first = values.find((value) => isCandidate(value, depends));
    if (!first) continue;
    outcome.candidates++;
    const stays = (why: string) => outcome.reasons.push(`'${first.name}' ${why}`);
    const why = values
      .map((value) => obstacle(value, encoding, keep, depends))
      .find((reason) => reason !== null);
    const isOther = ({ type, shape }: Value) => type !== first.type || shape.join() !== first.shape.join();
    if (why !== undefined && why !== null) stays(why);
    else if (values.some((value) => outputs.has(value))) stays('is a graph output');
    else if (values.some(isOther)) stays('has its data in common with a tensor of another shape or type');
    else if (module.metadata?.some((entry) => entry.buffer === buffer))
      stays('has its data in common with metadata');
    else {
      const floats = new Floats(buffer.data!, first.type);
      const encoded = new Encoded(floats, encoding);
      const { relative, largest, problem } = measure(floats, encoded, encoding);
      if (problem !== null) {
        stays(problem);
        continue;
      }
      conversions.push({
        ...{ name: first.name, from: tensorTypeName(first.type), to: tensorTypeName(encoding.type) },
        ...{ bytesBefore: buffer.data!.byteLength, bytesAfter: encoded.byteLength, relative, largest },
      });
      const made: CircleBuffer = { data: encoded };
      module.buffers[module.buffers.indexOf(buffer)] = made;
      for (const value of values) {
        value.buffer = made;
        value.type = encoding.type;
      }
      outcome.changed++;
    }
  }
  outcome.notes = conversionNotes(conversions);
  return outcome;
}

const names = Object.keys(floatEncodings) as FloatEncodingName[];

export const quantize: Filter = {
  kind: 'filter',
  name: 'quantize',
  summary: 'store matrices of weights as f16, bf16, q8_0 or q4_0',
  usage: `--dtype ${names.join('|')} [--keep NAME…]`,
  example: ['--dtype', 'q8_0', '--keep', '*embed_tokens*'],
  computes: true,
  prepare(words) {
    const [flag, dtype, keepFlag, ...keep] = words;
    if (flag !== '--dtype' || !names.includes(dtype as FloatEncodingName))
      throw usageError(this, `expected --dtype and one of ${names.join(', ')}, got '${words.join(' ')}'`);
    if (keepFlag !== undefined && keepFlag !== '--keep')
      throw usageError(this, `expected --keep, got '${keepFlag}'`);
    if (keepFlag === '--keep' && keep.length === 0)
      throw usageError(this, 'expected names of tensors behind --keep, got nothing');
    const patterns = keep.map(
      (name) =>
        new RegExp(
          `^${name
            .split('*')
            .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'))
            .join('.*')}$`,
          's',
        ),
    );
    return (module) => quantizeModule(module, { dtype: dtype as FloatEncodingName, keep: patterns });
  },
};
