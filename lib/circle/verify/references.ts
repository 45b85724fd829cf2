/** Numbers of tensors, buffers, operator codes and subgraphs: each must name one that is there. */
import type { Model, Operator, SignatureDef, SubGraph } from '../index.ts';
import type { Report } from './findings.ts';

export function checkReferences(model: Model, report: Report): void {
  const buffers = model.buffers?.length ?? 0;
  const buffer = (index: number, path: string) => {
    if (!within(index, buffers)) report('BUFFER_INDEX', path, outside('buffers', buffers, index));
  };
  model.subgraphs?.forEach((subgraph, g) => {
    checkSubgraph(model, subgraph, `subgraphs[${g}]`, buffer, report);
  });
  model.metadata?.forEach((entry, i) => {
    buffer(entry.buffer, `metadata[${i}].buffer`);
  });
  model.metadataBuffer?.forEach((index, i) => {
    buffer(index, `metadata_buffer[${i}]`);
  });
  model.signatureDefs?.forEach((signature, i) => {
    checkSignature(model, signature, `signature_defs[${i}]`, report);
  });
}

function checkSubgraph(
  model: Model,
  subgraph: SubGraph,
  path: string,
  buffer: (index: number, path: string) => void,
  report: Report,
): void {
  const tensors = subgraph.tensors?.length ?? 0;
  /** `lowest` is -1 where a place may be left out. */
  const list = (indices: ArrayLike<number> | null, where: string, lowest: number) => {
    for (let i = 0; i < (indices?.length ?? 0); i++) {
      const number = indices![i]!;
      if (number >= tensors || number < lowest)
        report('TENSOR_INDEX', `${where}[${i}]`, outside('tensors', tensors, number));
    }
  };
  subgraph.tensors?.forEach((tensor, i) => {
    buffer(tensor.buffer, `${path}.tensors[${i}].buffer`);
  });
  list(subgraph.inputs, `${path}.inputs`, 0);
  list(subgraph.outputs, `${path}.outputs`, 0);
  const opcodes = model.operatorCodes?.length ?? 0;
  subgraph.operators?.forEach((operator, i) => {
    const where = `${path}.operators[${i}]`;
    if (!within(operator.opcodeIndex, opcodes))
      report(
        'OPCODE_INDEX',
        `${where}.opcode_index`,
        outside('operator codes', opcodes, operator.opcodeIndex),
      );
    list(operator.inputs, `${where}.inputs`, -1);
    list(operator.outputs, `${where}.outputs`, -1);
    list(operator.intermediates, `${where}.intermediates`, -1);
    const graphs = model.subgraphs!.length;
    // A negative number means "no subgraph" in files that leave an optional branch out.
    for (const { index, path: field } of calledSubgraphs(operator))
      if (index >= graphs) report('SUBGRAPH_INDEX', `${where}.${field}`, outside('subgraphs', graphs, index));
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
export const SUBGRAPH_FIELD = /subgraph(Index|Indices)?$/i;

/** The subgraphs that an operator runs, with the schema's path of the number. */
export function calledSubgraphs(operator: Operator): { index: number; field: string; path: string }[] {
  const found: { index: number; field: string; path: string }[] = [];
  for (const holder of ['builtinOptions', 'builtinOptions2'] as const) {
    const options = operator[holder] as Record<string, unknown> | null;
    if (options === null) continue;
    const union = holder === 'builtinOptions' ? 'builtin_options' : 'builtin_options_2';
    for (const [field, content] of Object.entries(options)) {
      if (!SUBGRAPH_FIELD.test(field) || content === null) continue;
      const path = `${union}.${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
      if (typeof content === 'number') found.push({ index: content, field, path });
      else
        Array.from(content as ArrayLike<number>).forEach((index, i) => {
          found.push({ index, field, path: `${path}[${i}]` });
        });
    }
  }
  return found;
}

function within(index: number, length: number): boolean {
  return index >= 0 && index < length;
}

function outside(what: string, length: number, index: number): string {
  return `expected one of ${length} ${what}, got ${index}`;
}
