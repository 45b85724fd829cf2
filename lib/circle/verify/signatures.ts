/** Signatures: a name of their own each, ports that are the graph's inputs and outputs. */
import type { Model, SignatureDef } from '../index.ts';
import type { Report } from './findings.ts';

export function checkSignatures(model: Model, report: Report): void {
  const keys = new Set<string>();
  model.signatureDefs?.forEach((signature, i) => {
    const path = `signature_defs[${i}]`;
    const key = signature.signatureKey;
    if (!key) report('SIGNATURE_KEY', `${path}.signature_key`, 'expected a name, got none');
    else if (keys.has(key))
      report('SIGNATURE_KEY', `${path}.signature_key`, `expected a name of its own, got '${key}' again`);
    else keys.add(key);
    checkPorts(model, signature, path, report);
  });
}

function checkPorts(model: Model, signature: SignatureDef, path: string, report: Report): void {
  const subgraph = model.subgraphs?.[signature.subgraphIndex];
  if (!subgraph) return;
  for (const side of ['inputs', 'outputs'] as const) {
    const own = new Set<number>(subgraph[side] ?? []);
    const names = new Set<string>();
    signature[side]?.forEach(({ name, tensorIndex }, i) => {
      const where = `${path}.${side}[${i}]`;
      if (!name) report('SIGNATURE_PORT', `${where}.name`, 'expected a name, got none');
      else if (names.has(name))
        report('SIGNATURE_PORT', `${where}.name`, `expected each name once, got '${name}' again`);
      else names.add(name);
      if (subgraph.tensors?.[tensorIndex] && !own.has(tensorIndex))
        report(
          'SIGNATURE_PORT',
          `${where}.tensor_index`,
          `expected one of the subgraph's ${side}, got tensor ${tensorIndex} '${subgraph.tensors[tensorIndex].name ?? ''}'`,
        );
    });
  }
  const named = new Set(signature.inputs?.map(({ tensorIndex }) => tensorIndex));
  const nameless = [...new Set(subgraph.inputs ?? [])].filter((index) => !named.has(index));
  if (nameless.length > 0)
    report(
      'SIGNATURE_INCOMPLETE',
      `${path}.inputs`,
      `expected a port for each of the subgraph's inputs, got none for tensor ${nameless[0]}${nameless.length > 1 ? ` and ${nameless.length - 1} more` : ''}`,
    );
}
