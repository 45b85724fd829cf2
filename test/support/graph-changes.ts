/** Small changes of a graph, each at one place: what somebody who makes a graph by hand could get wrong. */
import { BuiltinOperator, readBytes, TensorType } from '../../lib/circle/index.ts';
import type { Graph, Op, Value } from '../../lib/ir/graph/index.ts';
import { elementCount, setInput } from '../../lib/ir/graph/index.ts';

export interface GraphChange {
  title: string;
  apply(): void;
}

const { ADD, SUB, MUL, DIV, MINIMUM, MAXIMUM, NEG, COS, SIN, MEAN, SUM, RSQRT, SQRT, LOGISTIC, TANH, RELU } =
  BuiltinOperator;
const { GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL } = BuiltinOperator;

/** Operators that take each other's place without another table of options. */
const KIN: readonly (readonly BuiltinOperator[])[] = [
  [MINIMUM, MAXIMUM],
  [NEG, COS, SIN, RSQRT, SQRT, LOGISTIC, TANH, RELU],
  [MEAN, SUM],
  [GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL],
];

/**
 * All changes of the graph as it is now; one of them may be applied. Options get other values, operators trade places with
 * their kin, inputs are exchanged or replaced by other values of the same type and shape, small constants change by one
 * element.
 */
export function graphChanges(graph: Graph): GraphChange[] {
  const changes: GraphChange[] = [];
  const constants = new Set<Value>();
  graph.ops.forEach((op, index) => {
    const name = `operators[${index}] ${BuiltinOperator[op.code]}`;
    changes.push(
      ...optionChanges(op, name),
      ...kinChanges(op, name),
      ...inputChanges(graph, op, index, name),
    );
    for (const input of op.inputs) if (input?.isConstant) constants.add(input);
  });
  for (const value of constants) changes.push(...constantChanges(value));
  return changes;
}

function optionChanges(op: Op, name: string): GraphChange[] {
  const options = op.attributes.builtinOptions as Record<string, unknown> | null;
  return Object.entries(options ?? {}).flatMap(([field, value]) => {
    const others =
      typeof value === 'boolean' ? [!value] : typeof value === 'number' ? [-1, 0, 1, 2, 3, 6, 9, 127] : [];
    return others
      .filter((other) => other !== value)
      .map((other) => ({
        title: `${name} ${field}=${other}`,
        apply: () => {
          options![field] = other;
        },
      }));
  });
}

function kinChanges(op: Op, name: string): GraphChange[] {
  const kin = [...KIN, arithmetic(op)].find((list) => list.includes(op.code)) ?? [];
  return kin
    .filter((code) => code !== op.code)
    .map((code) => ({
      title: `${name} → ${BuiltinOperator[code]}`,
      apply: () => {
        op.opcode = { ...op.opcode, builtinCode: code, deprecatedBuiltinCode: Math.min(code, 127) };
      },
    }));
}

/** Sums and products have tables of their own, but with the one field that matters. */
const arithmetic = (op: Op): readonly BuiltinOperator[] =>
  op.inputs.length === 2 ? [ADD, SUB, MUL, DIV] : [];

function inputChanges(graph: Graph, op: Op, index: number, name: string): GraphChange[] {
  const before = [
    ...graph.inputs,
    ...graph.values.filter((value) => value.isConstant),
    ...graph.ops.slice(0, index).flatMap(({ outputs }) => outputs),
  ];
  return op.inputs.flatMap((input, i) => {
    if (!input) return [];
    const others = before.filter(
      (value): value is Value =>
        value !== null &&
        value !== input &&
        value.type === input.type &&
        String(value.shape) === String(input.shape),
    );
    const exchanged = op.inputs[i + 1];
    return [
      ...others.map((value) => ({
        title: `${name} input ${i}: '${value.name}' for '${input.name}'`,
        apply: () => setInput(op, i, value),
      })),
      ...(exchanged
        ? [
            {
              title: `${name} inputs ${i} and ${i + 1} exchanged`,
              apply: () => {
                setInput(op, i, exchanged);
                setInput(op, i + 1, input);
              },
            },
          ]
        : []),
    ];
  });
}

/** Constants that say where and how, and the few that are a single number. */
function constantChanges(value: Value): GraphChange[] {
  const count = elementCount(value.shape);
  const isInteger = value.type === TensorType.INT32 || value.type === TensorType.INT64;
  if (count > 8 || (!isInteger && value.type !== TensorType.FLOAT32)) return [];
  return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    [-1, 1, 3].map((step) => ({
      title: `'${value.name}'[${i}] ${isInteger ? `+ ${step}` : `· ${step + 0.5}`}`,
      apply: () => {
        const bytes = new Uint8Array(readBytes(value.buffer.data!));
        const view = new DataView(bytes.buffer);
        if (value.type === TensorType.INT32) view.setInt32(4 * i, view.getInt32(4 * i, true) + step, true);
        else if (value.type === TensorType.INT64)
          view.setBigInt64(8 * i, view.getBigInt64(8 * i, true) + BigInt(step), true);
        else view.setFloat32(4 * i, view.getFloat32(4 * i, true) * (step + 0.5), true);
        value.buffer.data = bytes;
      },
    })),
  );
}
