/** Random Circle models driven by the schema, so that every table, union member and kind of field occurs. */

import * as enums from '../../lib/circle/enums.ts';
import type { Model } from '../../lib/circle/index.ts';
import { type Field, tableOf, unionCodes, unionMember } from '../../lib/circle/schema.ts';
import type { Random } from './mutate.ts';

const BITS = { bool: 1, i8: 8, u8: 8, u16: 16, i32: 32, u32: 32, f32: 32, i64: 64, u64: 64 } as const;
const TEXTS = ['', 'a', 'ünïcode', 'x\u{feff}bom', '\u{1f600}', 'x\0y', 'long name '.repeat(20)];

/** A model whose n-th operator uses the n-th member of both option unions: together they reach every table. */
export function randomModel(random: Random): Model {
  const model = randomTable('Model', random) as unknown as Model;
  const operators = (code1: number, code2: number) => {
    const operator = randomTable('Operator', random);
    setUnion(operator, 'builtinOptions', 'BuiltinOptions', code1, random);
    setUnion(operator, 'builtinOptions2', 'BuiltinOptions2', code2, random);
    return operator;
  };
  const [first, second] = [unionCodes('BuiltinOptions'), unionCodes('BuiltinOptions2')];
  const subgraph = randomTable('SubGraph', random);
  subgraph.operators = first.map((code, i) => operators(code, second[i % second.length]!));
  subgraph.tensors = unionCodes('QuantizationDetails').flatMap((details) =>
    unionCodes('SparseIndexVector').map((sparse) => {
      const tensor = randomTable('Tensor', random);
      const quantization = randomTable('QuantizationParameters', random);
      setUnion(quantization, 'details', 'QuantizationDetails', details, random);
      const dimension = randomTable('DimensionMetadata', random);
      setUnion(dimension, 'arraySegments', 'SparseIndexVector', sparse, random);
      setUnion(dimension, 'arrayIndices', 'SparseIndexVector', sparse, random);
      tensor.quantization = quantization;
      tensor.sparsity = { ...randomTable('SparsityParameters', random), dimMetadata: [dimension] };
      tensor.variantTensors = [randomTable('VariantSubType', random)];
      return tensor;
    }),
  );
  const list = (name: string) => Array.from({ length: 3 }, () => randomTable(name, random));
  const signatures = list('SignatureDef').map((s, i) => ({
    ...s,
    inputs: i === 1 ? null : list('TensorMap'),
    outputs: i === 0 ? null : list('TensorMap'),
  }));
  return {
    ...model,
    operatorCodes: list('OperatorCode'),
    // The others are as they come: with few tensors, or without lists.
    subgraphs: [subgraph, ...list('SubGraph')],
    buffers: [...list('Buffer'), { data: null }, { data: new Uint8Array(0) }],
    metadata: list('Metadata'),
    signatureDefs: signatures,
  } as unknown as Model;
}

/** A model that has nothing at all. */
export function bareModel(): Model {
  const lists = ['operatorCodes', 'subgraphs', 'buffers', 'metadataBuffer', 'metadata', 'signatureDefs'];
  return { version: 0, description: null, ...Object.fromEntries(lists.map((key) => [key, null])) } as Model;
}

type Table = Record<string, unknown>;

function randomTable(name: string, random: Random): Table {
  const table: Table = {};
  for (const field of tableOf(name).fields) {
    // Places of data are the writer's.
    if (name === 'Buffer' && field.key !== 'data') continue;
    if (field.deprecated) {
      // Properties only where a file has them, which it has not for the default.
      const value = randomField(field, random);
      if (value !== null && value !== field.initial) table[field.key] = value;
      continue;
    }
    const isPlace = /^largeCustomOptions/.test(field.key);
    if (field.kind === 'union') {
      table[field.key] = null;
      table[`${field.key}Type`] = 0;
    } else if (isPlace) table[field.key] = 0n;
    else if (!(field.key in table)) table[field.key] = randomField(field, random);
  }
  return table;
}

function setUnion(table: Table, key: string, union: string, code: number, random: Random): void {
  const member = unionMember(union, code);
  table[`${key}Type`] = code;
  table[key] = member ? randomTable(member, random) : null;
}

function randomField(field: Field, random: Random): unknown {
  const isReference = field.vector || field.scalar === null;
  if (isReference && random() < 0.3) return null;
  if (field.kind === 'string') return TEXTS[Math.floor(random() * TEXTS.length)]!;
  if (field.kind === 'table') {
    if (!field.vector) return randomTable(field.type, random);
    return Array.from({ length: Math.floor(3 * random()) }, () => randomTable(field.type, random));
  }
  if (!field.vector) return randomMember(field, random) ?? randomScalar(field.scalar!, random);
  const items = Array.from(
    { length: Math.floor(6 * random()) },
    () => randomMember(field, random) ?? randomScalar(field.scalar!, random),
  );
  if (field.scalar === 'u8') return Uint8Array.from(items as number[]);
  return field.scalar === 'f32' ? Float32Array.from(items as number[]) : items;
}

/** Numbers of an enum, in order. */
export function membersOf(name: string): number[] {
  const members = (enums as unknown as Record<string, Record<string, number | string>>)[name]!;
  return Object.values(members)
    .filter((value) => typeof value === 'number')
    .sort((a, b) => a - b);
}

/** Mostly a member, its first and last most often; sometimes a number that no member has. */
function randomMember(field: Field, random: Random): number | undefined {
  if (field.enum === '' || random() < 0.1) return undefined;
  const members = membersOf(field.enum);
  const draw = random();
  if (draw < 0.3) return members[0];
  return draw < 0.6 ? members.at(-1) : members[Math.floor(random() * members.length)];
}

function randomScalar(scalar: keyof typeof BITS, random: Random): number | bigint | boolean {
  if (scalar === 'bool') return random() < 0.5;
  if (scalar === 'f32')
    return [0, -0, Number.NaN, Infinity, -Infinity, 2 ** -149, Math.fround(random() - 0.5)][
      Math.floor(7 * random())
    ]!;
  if (random() < 0.3) return extreme(scalar, random() < 0.5);
  const bits = (BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32));
  const value = scalar.startsWith('u')
    ? BigInt.asUintN(BITS[scalar], bits)
    : BigInt.asIntN(BITS[scalar], bits);
  return BITS[scalar] === 64 ? value : Number(value);
}

function extreme(scalar: keyof typeof BITS, isHigh: boolean): number | bigint {
  const bits = BigInt(BITS[scalar]);
  const [low, high] = scalar.startsWith('u')
    ? [0n, (1n << bits) - 1n]
    : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
  const value = isHigh ? high : low;
  return bits === 64n ? value : Number(value);
}
