/**
 * The seed's pipeline against the reference filters, step by step. Where the reference is wrong ours differs, and the
 * comparison leaves that out: producerless outputs (the reference's fuse.attention leaves them, its gc takes caches
 * that are passed through), operators without outputs, and products with 1.0 (see test/support/compare.ts).
 */
import assert from 'node:assert/strict';
import { BuiltinOperator } from '../../lib/circle/index.ts';
import type { Module } from '../../lib/ir/graph/index.ts';
import { inputRoles } from '../../lib/ir/graph/index.ts';
import { findAttention } from '../../lib/ir/match/index.ts';
import { assertSameModule, constantElements, firstDifference } from '../support/compare.ts';
import { runFlow } from '../support/flow.ts';
import { golden, goldenFloats, goldenFlow, needShared, relativeError } from '../support/goldens.ts';
import { apply, bytesOfModule, merge, reread } from '../support/passes.ts';

const FILES = ['prefill.circle', 'decode.circle'];

/** decode_ → decode: three filters, `between` after each. */
function decodeSteps(
  decode: Module,
  layers: number,
  shapes: [string, string],
  between: (m: Module, i: number) => Module,
) {
  assert.equal(apply(decode, 'fuse.attention').changed, layers);
  let module = between(decode, 0);
  assert.equal(apply(module, 'reshape.io', 'input', '--by_shape', ...shapes).changed, 2 * layers);
  module = between(module, 1);
  assert.equal(apply(module, 'transpose.io.kvcache').changed, 2 * layers);
  return between(module, 2);
}

/** prefill and decode → model: four filters, `between` after each. */
function modelSteps(prefill: Module, decode: Module, between: (m: Module, i: number) => Module): Module {
  let module = between(merge([prefill, decode], ...FILES), 3);
  assert.equal(apply(module, 'fuse.bmm_lhs_const').changed, 1);
  module = between(module, 4);
  assert.equal(apply(module, 'downcast.input_ids').changed, 2);
  module = between(module, 5);
  assert.ok(apply(module, 'gc').changed > 0);
  return between(module, 6);
}

function pipeline(model: string, between = (m: Module, _i: number) => m): Module {
  const [layers, shapes]: [number, [string, string]] = model.startsWith('stories')
    ? [5, ['[1,4,30,8]', '[1,4,32,8]']]
    : [8, ['[1,16,30,4]', '[1,16,32,4]']];
  const decode = decodeSteps(golden(`${model}/decode_.circle`), layers, shapes, between);
  return modelSteps(golden(`${model}/prefill.circle`), decode, between);
}

/** Generation through a model: logits and caches against the reference's. */
function assertFlow(module: Module, model: string): void {
  const result = runFlow(module, goldenFlow(model));
  const pairs: [string, Float32Array][] = [
    ['prefill.logits', result.prefillLogits],
    ['prefill.k', result.prefillKeys],
    ['prefill.v', result.prefillValues],
    ['decode0.k', result.firstKeys],
    ['decode0.v', result.firstValues],
    ['decode.logits', result.decodeLogits],
  ];
  for (const [name, numbers] of pairs) {
    const error = relativeError(numbers, goldenFloats(model, `flow/${name}.f32`));
    assert.ok(error < 1e-4, `${name}: ${error}`);
  }
}

describe('golden: the pipeline of filters', () => {
  before(needShared);

  it('equals the reference after each step, on probe', () => {
    const steps = [
      'probe/steps/1.fuse.attention.circle',
      'probe/steps/2.reshape.io.circle',
      'probe/steps/3.transpose.io.kvcache.circle',
      'probe/steps/4.merge.circle',
      'probe/steps/5.fuse.bmm_lhs_const.circle',
      'probe/steps/6.downcast.input_ids.circle',
      'probe/model.circle',
    ];
    let compared = 0;
    const model = pipeline('probe', (module, i) => {
      assertSameModule(module, golden(steps[i]!));
      compared++;
      return module;
    });
    assert.equal(compared, steps.length);
    assert.ok(model.graphs.every((graph) => constantElements(graph) > 100_000));
  });

  it('equals the reference on stories260K: grouped-query attention', () => {
    const model = pipeline('stories260K', (module, i) => {
      if (i === 2) assertSameModule(module, golden('stories260K/decode.circle'));
      return module;
    });
    assertSameModule(model, golden('stories260K/model.circle'));
  });

  it('equals the reference on probe-adapter, where attention is one operator from the start', () => {
    const decode = golden('probe-adapter/decode_adapter.circle');
    assert.deepEqual(apply(decode, 'fuse.attention').changed, 0);
    apply(decode, 'reshape.io', 'input', '--by_shape', '[1,16,30,4]', '[1,16,32,4]');
    assert.equal(apply(decode, 'transpose.io.kvcache').changed, 16);
    assertSameModule(decode, golden('probe-adapter/decode.circle'));
    const model = modelSteps(golden('probe/prefill.circle'), decode, (module) => module);
    assertSameModule(model, golden('probe-adapter/model.circle'));
  });

  it('fuses every layer of probe-newer, where the reference finds nothing', () => {
    const decode = decodeSteps(
      golden('probe-newer/decode_.circle'),
      8,
      ['[1,16,30,4]', '[1,16,32,4]'],
      (m) => m,
    );
    const [graph] = decode.graphs;
    const attention = graph!.ops.filter(({ code }) => code === BuiltinOperator.ATTENTION);
    assert.equal(attention.length, 8);
    assert.equal(findAttention(graph!).filter(({ ok }) => ok).length, 8);
    assert.ok(!graph!.ops.some(({ code }) => code === BuiltinOperator.SOFTMAX));
    const model = merge([golden('probe-newer/prefill.circle'), decode], ...FILES);
    assert.equal(apply(model, 'downcast.input_ids').changed, 2);
    assert.ok(apply(model, 'gc').changed > 0);
    assertFlow(model, 'probe');
  });

  it('is complete: nothing of the open block, no output but the logits, signatures as named', () => {
    for (const name of ['probe', 'stories260K']) {
      const model = pipeline(name);
      assert.deepEqual(
        model.signatures!.map(({ key, graph }) => [key, model.graphs.indexOf(graph)]),
        [
          ['prefill', 0],
          ['decode', 1],
        ],
      );
      const decode = model.graphs[1]!;
      assert.equal(decode.outputs.length, 1);
      assert.equal(inputRoles(decode).caches.length, decode.inputs.length - 2);
      for (const graph of model.graphs) {
        for (const op of graph.ops) assert.ok(op.outputs.length > 0, 'an operator without outputs');
        for (const value of graph.values)
          assert.ok(
            value.users.length > 0 || graph.inputs.includes(value) || graph.outputs.includes(value),
            value.name,
          );
      }
      assert.equal(model.buffers[0]!.data, null, 'the sentinel stays');
    }
  });

  it('computes what the reference run computes, on probe and stories260K', () => {
    for (const name of ['probe', 'stories260K']) {
      assertFlow(golden(`${name}/model.circle`), name);
      assertFlow(pipeline(name), name);
    }
  });

  it('is the same in one process and as a pipe of files', () => {
    for (const name of ['probe', 'stories260K']) {
      const chain = bytesOfModule(pipeline(name));
      const pipe = bytesOfModule(pipeline(name, (module) => reread(module)));
      assert.ok(chain.byteLength > 1_000_000);
      assert.equal(Buffer.compare(chain, pipe), 0, name);
    }
  });

  it('would see a difference: the comparison finds each of a list of changes', () => {
    const want = () => golden('stories260K/decode.circle');
    assert.equal(firstDifference(want(), want()), undefined);
    const changes: ((module: Module) => void)[] = [
      (m) => Object.assign(m, { version: 3 }),
      (m) => m.graphs[0]!.inputs.reverse(),
      (m) => Object.assign(m.graphs[0]!.inputs[0]!, { name: 'other' }),
      (m) => Object.assign(m.graphs[0]!.inputs[1]!, { shape: [1, 32, 8, 4] }),
      (m) => m.graphs[0]!.ops.find(({ code }) => code === BuiltinOperator.ATTENTION)!.inputs.splice(5, 2),
      (m) => {
        const gather = m.graphs[0]!.ops.find(({ code }) => code === BuiltinOperator.GATHER)!;
        gather.attributes.builtinOptions = { axis: 1, batchDims: 0 };
      },
      (m) => {
        const connected = m.graphs[0]!.ops.find(({ code }) => code === BuiltinOperator.FULLY_CONNECTED)!;
        const { buffer } = connected.input(1)!;
        const bytes = Uint8Array.from(buffer.data as Uint8Array);
        bytes[5]! ^= 1;
        connected.input(1)!.buffer = { data: bytes };
      },
      (m) => {
        m.signatures = [{ key: 'x', graph: m.graphs[0]!, inputs: null, outputs: null }];
      },
    ];
    for (const [i, change] of changes.entries()) {
      const module = want();
      change(module);
      assert.notEqual(firstDifference(module, want()), undefined, `change ${i}`);
    }
  });
});
