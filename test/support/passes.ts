/** Running filters in tests, with the graph's edges checked after each. */
import assert from 'node:assert/strict';
import { readModel, writeModel } from '../../lib/circle/index.ts';
import type { Module } from '../../lib/ir/graph.ts';
import { lift } from '../../lib/ir/lift.ts';
import { lower } from '../../lib/ir/lower.ts';
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
