/** Numbers of tensors, buffers, operator codes and subgraphs: each must name one that is there. */
import type { Model, Operator, SignatureDef, SubGraph } from '../index.ts';
import { type Field, tableOf, unionMember } from '../schema.ts';
import type { Report } from './findings.ts';

export function checkReferences(model: Model, report: Report): void {
  const buffers = model.buffers?.length ?? 0;
  // Paths are made only where something is wrong: there are thousands of numbers, and filters wait for this.
  const buffer = (index: number, path: () => string) => {
    if (!within(index, buffers)) report('BUFFER_INDEX', path(), outside('buffers', buffers, index));
  };
  model.subgraphs?.forEach((subgraph, g) => {
    checkSubgraph(model, subgraph, `subgraphs[${g}]`, buffer, report);
  });
  model.metadata?.forEach((entry, i) => {
    buffer(entry.buffer, () => `metadata[${i}].buffer`);
  });
  model.metadataBuffer?.forEach((index, i) => {
    buffer(index, () => `metadata_buffer[${i}]`);
  });
  model.signatureDefs?.forEach((signature, i) => {
    checkSignature(model, signature, `signature_defs[${i}]`, report);
  });
}

function checkSubgraph(
  model: Model,
  subgraph: SubGraph,
  path: string,
  buffer: (index: number, path: () => string) => void,
  report: Report,
): void {
  const tensors = subgraph.tensors?.length ?? 0;
  const list = (indices: ArrayLike<number> | null, where: () => string, lowest: number) => {
    if (indices === null) return;
    for (let i = 0; i < indices.length; i++) {
      const number = indices[i]!;
      if (number >= tensors || number < lowest)
        report('TENSOR_INDEX', `${where()}[${i}]`, outside('tensors', tensors, number));
    }
  };
  subgraph.tensors?.forEach((tensor, i) => {
    buffer(tensor.buffer, () => `${path}.tensors[${i}].buffer`);
  });
  list(subgraph.inputs, () => `${path}.inputs`, 0);
  list(subgraph.outputs, () => `${path}.outputs`, 0);
  const opcodes = model.operatorCodes?.length ?? 0;
  const graphs = model.subgraphs!.length;
  subgraph.operators?.forEach((operator, i) => {
    const where = () => `${path}.operators[${i}]`;
    if (!within(operator.opcodeIndex, opcodes))
      report(
        'OPCODE_INDEX',
        `${where()}.opcode_index`,
        outside('operator codes', opcodes, operator.opcodeIndex),
      );
    // -1: a place that is left out.
    list(operator.inputs, () => `${where()}.inputs`, -1);
    list(operator.outputs, () => `${where()}.outputs`, -1);
    list(operator.intermediates, () => `${where()}.intermediates`, -1);
    // A negative number means "no subgraph" in files that leave an optional branch out.
    for (const { index, path: field } of calledSubgraphs(operator))
      if (index >= graphs)
        report('SUBGRAPH_INDEX', `${where()}.${field}`, outside('subgraphs', graphs, index));
  });
}

function checkSignature(model: Model, signature: SignatureDef, path: string, report: Report): void {
  const graphs = model.subgraphs?.length ?? 0;
  const subgraph = model.subgraphs?.[signature.subgraphIndex];
  if (!subgraph) {
    report('SUBGRAPH_INDEX', `${path}.subgraph_index`, outside('subgraphs', graphs, signature.subgraphIndex));
    return;
  }
  const tensors = subgraph.tensors?.length ?? 0;
  for (const side of ['inputs', 'outputs'] as const)
    signature[side]?.forEach(({ tensorIndex }, i) => {
      if (!within(tensorIndex, tensors))
        report(
          'TENSOR_INDEX',
          `${path}.${side}[${i}].tensor_index`,
          outside('tensors', tensors, tensorIndex),
        );
    });
}

/** Option fields that number subgraphs (`bodySubgraphIndex`, `branchSubgraphIndices`, CALL's `subgraph`). */
const SUBGRAPH_FIELD = /subgraph(Index|Indices)?$/i;

const HOLDERS = [
  { holder: 'builtinOptions', union: 'BuiltinOptions', path: 'builtin_options' },
  { holder: 'builtinOptions2', union: 'BuiltinOptions2', path: 'builtin_options_2' },
] as const;

const subgraphFields = new Map<string, readonly Field[]>();

/** Of the options table that a union's code names: those of its fields that number subgraphs. Most have none. */
function subgraphFieldsOf(union: string, code: number): readonly Field[] {
  const key = `${union} ${code}`;
  let fields = subgraphFields.get(key);
  if (!fields) {
    const member = unionMember(union, code);
    fields = member ? tableOf(member).fields.filter((field) => SUBGRAPH_FIELD.test(field.key)) : [];
    subgraphFields.set(key, fields);
  }
  return fields;
}

/** An options field that numbers subgraphs, as an operator has it. */
export interface SubgraphField {
  holder: 'builtinOptions' | 'builtinOptions2';
  field: string;
  /** The schema's path of the field within the operator. */
  path: string;
  content: number | ArrayLike<number>;
}

export function subgraphFieldsIn(
  operator: Pick<
    Operator,
    'builtinOptions' | 'builtinOptionsType' | 'builtinOptions2' | 'builtinOptions2Type'
  >,
): SubgraphField[] {
  const found: SubgraphField[] = [];
  for (const { holder, union, path } of HOLDERS) {
    const options = operator[holder] as Record<string, number | ArrayLike<number> | null> | null;
    if (options === null) continue;
    for (const { key, name } of subgraphFieldsOf(union, operator[`${holder}Type`])) {
      const content = options[key];
      if (content !== null && content !== undefined)
        found.push({ holder, field: key, path: `${path}.${name}`, content });
    }
  }
  return found;
}

/** The subgraphs that an operator runs, with the schema's path of the number. */
export function calledSubgraphs(operator: Operator): { index: number; field: string; path: string }[] {
  return subgraphFieldsIn(operator).flatMap(({ field, path, content }) =>
    typeof content === 'number'
      ? [{ index: content, field, path }]
      : Array.from(content, (index, i) => ({ index, field, path: `${path}[${i}]` })),
  );
}

function within(index: number, length: number): boolean {
  return index >= 0 && index < length;
}

function outside(what: string, length: number, index: number): string {
  return `expected one of ${length} ${what}, got ${index}`;
}
