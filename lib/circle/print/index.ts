/**
 * A model as text. The same language writes graphs in tests (test/support/text-graph.ts reads it); one line each:
 *
 *   model version=3 description="…"             left out where it says nothing
 *   metadata NAME = "text"                      or 0x… bytes
 *   signature KEY: graph 0 (PORT = x) -> (PORT = y)   a port called like its tensor is just `x`
 *   graph NAME                                  a subgraph; the lines below are its own
 *   input  x f32[1,1,4]                         a graph input
 *   const  w f32[2,4] = 1 2 3 …                 a constant; 0x… bytes; sha256:… for what is too long to show
 *   tensor t f32[1]                             a tensor that no operator writes
 *   y: f32[1,1,2] = FULLY_CONNECTED(x, w, -) keepNumDims=true
 *   output y
 *
 * Names that are no plain words stand in quotes; `x@7` is tensor 7 where two are called x, `@7` one without a name.
 * Among an operator's inputs `-` is a left-out one, `0.5`, `7` and `[1,-1]` are constants (FLOAT32 scalar, INT32 scalar
 * and vector). Options that are not shown are 0, false or empty; another options table than the operator's own is named
 * before them (`GREATER(a, b) NONE`). What tensors and operators have besides stands in braces. `#` starts a comment.
 *
 * Not said: how things are numbered, names of constants among inputs, which constants share a buffer, unused operator
 * codes, empty lists against absent ones, data longer than a line. `dumpModel` says everything.
 */
import type { Model, SubGraph, Tensor } from '../index.ts';
import type { ByteSource } from '../source.ts';
import { hasData } from '../verify/index.ts';
import { dataText, literalText } from './constants.ts';
import { fieldTexts } from './fields.ts';
import { metadataText } from './metadata.ts';
import { nameText, TensorNames } from './names.ts';
import { sizeText } from './numbers.ts';
import { operatorText } from './operator.ts';
import { signatureLines } from './signature.ts';
import { tensorTypeText } from './types.ts';

export { hashOf } from './constants.ts';
export { float32Text } from './numbers.ts';

export interface PrintOptions {
  /** Names of tensors without their path, for reading. */
  short?: boolean;
}

/** The lines of the text, without line ends; constants are read one at a time. */
export function* printModel(model: Model, { short = false }: PrintOptions = {}): Generator<string> {
  const head = fieldTexts('Model', { version: model.version, description: model.description });
  if (head.length > 0) yield `model ${head.join(' ')}`;
  for (const entry of model.metadata ?? [])
    yield `metadata ${nameText(entry.name ?? '')} = ${metadataText(model.buffers?.[entry.buffer])}`;
  for (const signature of model.signatureDefs ?? []) yield* signatureLines(model, signature, short);
  for (const [g, subgraph] of (model.subgraphs ?? []).entries()) {
    if (g > 0 || head.length > 0 || model.signatureDefs?.length) yield '';
    yield* graphLines(model, subgraph, g, short);
  }
}

/** Fields of a tensor that the line says in its own way. */
const SAID = new Set(['name', 'type', 'shape', 'buffer']);

function* graphLines(model: Model, subgraph: SubGraph, g: number, short: boolean): Generator<string> {
  const tensors = subgraph.tensors ?? [];
  const names = new TensorNames(subgraph, short);
  const isConstant = (tensor: Tensor) => hasData(tensor, model.buffers?.[tensor.buffer]);
  const data = (tensor: Tensor) => bytesOf(model.buffers![tensor.buffer]!.data!);
  const declare = (index: number, separator = ': ') => {
    const tensor = tensors[index];
    if (!tensor) return `@${index}${separator}?`;
    const attributes = fieldTexts('Tensor', tensor as unknown as Record<string, unknown>, { omit: SAID });
    const rest = attributes.length > 0 ? ` {${attributes.join(' ')}}` : '';
    return `${names.of(index)}${separator}${tensorTypeText(tensor.type, tensor.shape)}${rest}`;
  };

  const constants = tensors.flatMap((tensor, i) => (isConstant(tensor) ? [i] : []));
  const name = subgraph.name === null ? '' : ` ${nameText(subgraph.name)}`;
  const debug =
    subgraph.debugMetadataIndex === -1 ? '' : ` {debugMetadataIndex=${subgraph.debugMetadataIndex}}`;
  yield `graph${name}${debug}  # ${g}: ${countText(model, subgraph, constants)}`;

  const inputs = new Set(subgraph.inputs ?? []);
  for (const index of subgraph.inputs ?? []) {
    const tensor = tensors[index];
    yield `input ${declare(index, ' ')}${tensor && isConstant(tensor) ? ` = ${dataText(tensor, data(tensor))}` : ''}`;
  }
  // Everything that has a line of its own, or is written, keeps its name.
  const written = new Set((subgraph.operators ?? []).flatMap(({ outputs }) => Array.from(outputs ?? [])));
  const read = new Set((subgraph.operators ?? []).flatMap(({ inputs }) => Array.from(inputs ?? [])));
  const named = namedTensors(model, subgraph, g);
  const literals = new Map<number, string>();
  for (const index of constants) {
    if (inputs.has(index) || written.has(index)) continue;
    const tensor = tensors[index]!;
    const bytes = data(tensor);
    const literal = named.has(index) || !read.has(index) ? undefined : literalText(tensor, bytes);
    if (literal === undefined) yield `const ${declare(index, ' ')} = ${dataText(tensor, bytes)}`;
    else literals.set(index, literal);
  }
  for (const index of tensors.keys())
    if (!inputs.has(index) && !written.has(index) && !isConstant(tensors[index]!))
      yield `tensor ${declare(index, ' ')}`;
  for (const operator of subgraph.operators ?? [])
    yield operatorText(operator, { model, names, literals, declare });
  for (const index of subgraph.outputs ?? []) yield `output ${names.of(index)}`;
}

/** Tensors that something outside the operators' inputs speaks of. */
function namedTensors(model: Model, subgraph: SubGraph, g: number): Set<number> {
  const named = new Set<number>([...(subgraph.outputs ?? [])]);
  for (const { intermediates } of subgraph.operators ?? [])
    for (const index of intermediates ?? []) named.add(index);
  for (const { subgraphIndex, inputs, outputs } of model.signatureDefs ?? [])
    if (subgraphIndex === g)
      for (const { tensorIndex } of [...(inputs ?? []), ...(outputs ?? [])]) named.add(tensorIndex);
  return named;
}

function countText(model: Model, subgraph: SubGraph, constants: readonly number[]): string {
  const buffers = new Set(constants.map((index) => subgraph.tensors![index]!.buffer));
  let bytes = 0;
  for (const index of buffers) bytes += model.buffers![index]!.data!.byteLength;
  const operators = subgraph.operators?.length ?? 0;
  return `${operators} operators, ${subgraph.tensors?.length ?? 0} tensors, ${constants.length} constants of ${sizeText(bytes)}`;
}

function bytesOf(data: ByteSource): Uint8Array {
  return data instanceof Uint8Array ? data : data.read();
}
