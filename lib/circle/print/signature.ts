/** Signatures as lines, on one where they are short. */
import type { Model, SignatureDef, TensorMap } from '../index.ts';
import { nameText, TensorNames } from './names.ts';

const WIDTH = 100;

export function* signatureLines(model: Model, signature: SignatureDef, short: boolean): Generator<string> {
  const names = new TensorNames(model.subgraphs?.[signature.subgraphIndex], short);
  const [inputs, outputs] = [ports(signature.inputs, names), ports(signature.outputs, names)];
  const key = signature.signatureKey === null ? '-' : nameText(signature.signatureKey);
  const head = `signature ${key}: graph ${signature.subgraphIndex}`;
  const line = `${head} ${inline(inputs)} -> ${inline(outputs)}`;
  if (line.length <= WIDTH) yield line;
  else {
    yield `${head} ${inputs === null ? '- -> ' : '('}`;
    yield* parts(inputs ?? []);
    yield `${inputs === null ? '' : ') -> '}${outputs === null ? '-' : '('}`;
    yield* parts(outputs ?? []);
    if (outputs !== null) yield ')';
  }
}

/** A list over several lines; breaks stand within parentheses only. */
function* parts(list: readonly string[]): Generator<string> {
  for (const [i, port] of list.entries()) yield `  ${port}${i < list.length - 1 ? ',' : ''}`;
}

/** `-` stands for an absent list. */
function inline(list: readonly string[] | null): string {
  return list === null ? '-' : `(${list.join(', ')})`;
}

function ports(maps: readonly TensorMap[] | null, names: TensorNames): string[] | null {
  return (
    maps?.map(({ name, tensorIndex }) => {
      if (names.isCalled(tensorIndex, name)) return names.of(tensorIndex);
      return `${name === null ? '-' : nameText(name)} = ${names.of(tensorIndex)}`;
    }) ?? null
  );
}
