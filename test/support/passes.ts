/** Running filters in tests, with the graph's edges checked after each. */
import assert from 'node:assert/strict';
import { operatorName, readModel, writeModel } from '../../lib/circle/index.ts';
import type { Graph, Module, SignaturePort, Value } from '../../lib/ir/graph/index.ts';
import { lift, lower } from '../../lib/ir/graph/index.ts';
import { type Filter, findPass, type Outcome } from '../../lib/passes/index.ts';

export function filterNamed(name: string): Filter {
  const pass = findPass(name);
  if (pass?.kind !== 'filter') throw new Error(`no filter '${name}'`);
  return pass;
}

/** Runs a filter in place. */
export function apply(module: Module, name: string, ...words: string[]): Outcome {
  const outcome = filterNamed(name).prepare(words)(module);
  assertEdges(module);
  return outcome;
}

export function merge(modules: Module[], ...words: string[]): Module {
  const pass = findPass('merge.circles');
  if (pass?.kind !== 'source') throw new Error('merge.circles is no source');
  const merged = pass.prepare(words).combine(modules);
  assertEdges(merged);
  return merged;
}

export function bytesOfModule(module: Module): Uint8Array {
  return writeModel(lower(module));
}

/** Through a file and back: what the next filter of a pipe gets. */
export function reread(module: Module): Module {
  return lift(readModel(bytesOfModule(module)));
}

/** Producers, users, and order of operators agree with what operators say. */
export function assertEdges(module: Module): void {
  for (const graph of module.graphs) {
    const values = new Set(graph.values);
    const uses = new Map(graph.values.map((value) => [value, 0]));
    const made = new Set([...graph.values].filter((value) => value.producer === null));
    for (const op of graph.ops) {
      for (const input of op.inputs) {
        if (!input) continue;
        assert.ok(values.has(input), `'${input.name}' is read but is no value of the graph`);
        assert.ok(made.has(input), `'${input.name}' is read before it is made`);
        assert.ok(input.users.includes(op), `'${input.name}' does not know a user`);
        uses.set(input, uses.get(input)! + 1);
      }
      for (const output of op.outputs) {
        if (!output) continue;
        assert.ok(values.has(output), `'${output.name}' is made but is no value of the graph`);
        assert.equal(output.producer, op, `'${output.name}' names another producer`);
        made.add(output);
      }
    }
    for (const value of graph.values) {
      assert.equal(value.users.length, uses.get(value), `users of '${value.name}'`);
      assert.ok(made.has(value), `the producer of '${value.name}' is not in the graph`);
    }
    for (const value of [...graph.inputs, ...graph.outputs])
      assert.ok(values.has(value), `'${value.name}' is an input or output but no value of the graph`);
    for (const signature of module.signatures?.filter((s) => s.graph === graph) ?? []) {
      for (const { value } of signature.inputs ?? []) assert.ok(graph.inputs.includes(value), value.name);
      for (const { value } of signature.outputs ?? []) assert.ok(graph.outputs.includes(value), value.name);
    }
  }
}

/** Runs a filter that must change nothing: the file stays the same, and the outcome says why. */
export function assertUntouched(module: Module, reason: RegExp, name: string, ...words: string[]): void {
  const before = bytesOfModule(module);
  const outcome = apply(module, name, ...words);
  assert.equal(outcome.changed, 0);
  assert.match(outcome.reasons.join('\n'), reason);
  assert.equal(Buffer.compare(bytesOfModule(module), before), 0, 'the file changed');
}

/** Runs a filter again: nothing is left to do. */
export function assertIdempotent(module: Module, name: string, ...words: string[]): void {
  assert.ok(apply(module, name, ...words).changed > 0, 'the first run found nothing');
  const once = bytesOfModule(module);
  assert.equal(apply(module, name, ...words).changed, 0);
  assert.equal(Buffer.compare(bytesOfModule(module), once), 0, 'the second run changed the file');
}

/** Operators in order, as text: `y = NEG(x)`; left-out inputs are `-`. */
export function opsOf(graph: Graph): string[] {
  const names = (list: readonly (Value | null)[]) => list.map((value) => value?.name ?? '-').join(', ');
  return graph.ops.map((op) => `${names(op.outputs)} = ${operatorName(op.code)}(${names(op.inputs)})`);
}

/** A signature over all inputs and outputs of the first graph. */
export function sign(module: Module, key = 'run'): Module {
  const graph = module.graphs[0]!;
  const port = (value: Value) => ({ name: value.name, value });
  module.signatures = [{ key, graph, inputs: graph.inputs.map(port), outputs: graph.outputs.map(port) }];
  return module;
}

export function portsOf(module: Module): { inputs: (string | null)[]; outputs: (string | null)[] } {
  const [signature] = module.signatures!;
  const names = (ports: SignaturePort[] | null) => (ports ?? []).map(({ name }) => name);
  return { inputs: names(signature!.inputs), outputs: names(signature!.outputs) };
}
