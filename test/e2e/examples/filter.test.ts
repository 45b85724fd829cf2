/** The example of a filter, run as its user runs it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { readModel } from '../../../lib/circle/index.ts';
import { exportDecode, openHf } from '../../../lib/export/index.ts';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import type { Module } from '../../../lib/ir/graph/index.ts';
import { inputRoles, lift } from '../../../lib/ir/graph/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import { assertEdges, bytesOfModule, opsOf } from '../../support/passes.ts';
import { root } from '../../support/root.ts';
import { textGraph } from '../../support/text-graph.ts';

const file = path.join(root, 'examples/filter/remove.mul_one.js');

function run(model: Uint8Array | Module, ...words: string[]) {
  const input = model instanceof Uint8Array ? model : bytesOfModule(model);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file, ...words], {
    input,
    maxBuffer: 2 ** 27,
  });
  return { bytes: new Uint8Array(stdout), stderr: stderr.toString(), status };
}

const liftBytes = (bytes: Uint8Array): Module => {
  const module = lift(readModel(bytes));
  assertEdges(module);
  return module;
};

/** Logits of the decode graph for a token at a position, over caches of small numbers. */
function logits(module: Module): ArrayLike<number | bigint> {
  const [graph] = module.graphs as [Module['graphs'][0]];
  const { tokens, position, caches } = inputRoles(graph);
  const inputs = new Map([
    [tokens!, tensorFor(tokens!, [7])],
    [position!, tensorFor(position!, [30])],
    ...caches.map((cache) => {
      const size = cache.shape.reduce((n, dim) => n * dim, 1);
      return [
        cache,
        tensorFor(
          cache,
          Array.from({ length: size }, (_, i) => Math.sin(i)),
        ),
      ] as const;
    }),
  ]);
  return evaluate(graph, inputs, { outputs: [graph.outputs[0]!] }).get(graph.outputs[0]!)!.data;
}

describe('the example filter', () => {
  it("takes the two products with one out of the demo's decode graph, and the logits stay", () => {
    const before = exportDecode(openHf(path.join(root, 'models/lily')));
    const { bytes, stderr, status } = run(before);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const after = liftBytes(bytes);
    assert.equal(after.graphs[0]!.ops.length, before.graphs[0]!.ops.length - 2);
    assert.deepEqual(logits(after), logits(before));
  });

  it('finds nothing the second time, and writes its input on', () => {
    const { bytes } = run(exportDecode(openHf(path.join(root, 'models/lily'))));
    const again = run(bytes);
    assert.match(again.stderr, /^remove\.mul_one: 0 of 0 products with ones changed/);
    assert.equal(Buffer.compare(again.bytes, bytes), 0);
    assert.equal(run(bytes, '--strict').status, 1);
  });

  it('leaves activations, graph outputs, broadcasts and other factors alone', () => {
    const { module } = textGraph(`
      input x f32[2]
      const one f32[1] = 1
      const ones f32[3,2] = 1 1 1 1 1 1
      const two f32[1] = 2
      a: f32[2] = MUL(x, one) fusedActivationFunction=RELU
      b: f32[3,2] = MUL(ones, x)
      c: f32[2] = MUL(x, two)
      g: f32[3,2] = NEG(b)
      d: f32[2] = MUL(one, x)
      e: f32[2] = NEG(d)
      f: f32[2] = MUL(e, one)
      output a
      output g
      output c
      output f
    `);
    const { bytes, stderr, status } = run(module);
    assert.match(
      stderr,
      /^remove\.mul_one: 1 of 4 products with ones changed: an activation .*; a broadcast .*; a graph output /,
    );
    assert.equal(status, 0);
    assert.deepEqual(
      opsOf(liftBytes(bytes).graphs[0]!).map((op) => op.replace(/\(.*/, '')),
      ['a = MUL', 'b = MUL', 'c = MUL', 'g = NEG', 'e = NEG', 'f = MUL'],
    );
  });

  it("goes on with ggma's own filters, and has their help and exit codes", () => {
    const { bytes } = run(exportDecode(openHf(path.join(root, 'models/lily'))), '+', 'fuse.attention');
    assert.equal(opsOf(liftBytes(bytes).graphs[0]!).filter((op) => op.includes('= ATTENTION(')).length, 8);
    assert.match(Buffer.from(run(bytes, '--help').bytes).toString(), /^Usage: remove\.mul_one < IN\.circle/);
    const wrong = run(bytes, 'word');
    assert.match(wrong.stderr, /^ggma: USAGE: /);
    assert.equal(wrong.status, 2);
  });
});
