import assert from 'node:assert/strict';
import { BuiltinOperator, TensorType } from '../../../../lib/circle/index.ts';
import { liveOps, removeDeadFrom } from '../../../../lib/ir/graph/dead.ts';
import {
  addConstant,
  addValue,
  dropInputs,
  dropOutputs,
  insertOps,
  makeOp,
  removeOps,
  replaceUses,
  setInput,
  takeOutput,
  uniqueName,
} from '../../../../lib/ir/graph/edit.ts';
import type { Value } from '../../../../lib/ir/graph/graph.ts';
import { assertEdges } from '../../../support/passes.ts';
import { textGraph } from '../../../support/text-graph.ts';

/** z = (x · x) + c, with a signature. */
function sample() {
  const made = textGraph(
    'input x f32[2]\nconst c f32[2] = 1 2\ny = MUL(x, x)\nz = ADD(y, c)\noutput z\noutput y',
  );
  const port = (value: Value) => ({ name: value.name, value });
  made.module.signatures = [
    {
      key: 'run',
      graph: made.graph,
      inputs: made.graph.inputs.map(port),
      outputs: made.graph.outputs.map(port),
    },
  ];
  return made;
}

describe('ir/edit', () => {
  it('counts a value that an operator reads twice as two uses', () => {
    const { value, module } = sample();
    assert.equal(value('x').users.length, 2);
    setInput(value('y').producer!, 1, value('c'));
    assert.equal(value('x').users.length, 1);
    assert.equal(value('c').users.length, 2);
    assertEdges(module);
  });

  it('setInput can leave an input out', () => {
    const { value, module } = sample();
    setInput(value('z').producer!, 1, null);
    assert.deepEqual(value('c').users, []);
    assertEdges(module);
  });

  it('makes, inserts and removes operators', () => {
    const { module, graph, value } = sample();
    const add = value('z').producer!;
    const twice = addValue(module, graph, { name: 'twice', type: TensorType.FLOAT32, shape: [2] });
    const op = makeOp(module, BuiltinOperator.NEG, [value('y')], [twice]);
    insertOps(graph, add, [op]);
    setInput(add, 0, twice);
    assertEdges(module);
    assert.deepEqual(
      graph.ops.map(({ code }) => code),
      [BuiltinOperator.MUL, BuiltinOperator.NEG, BuiltinOperator.ADD],
    );
    setInput(add, 0, value('y'));
    removeOps(graph, new Set([op]));
    assert.equal(twice.producer, null);
    assertEdges(module);
  });

  it('takes over an output with its readers, name and place', () => {
    const { module, graph, value } = sample();
    const mul = value('y').producer!;
    const op = makeOp(module, BuiltinOperator.SQUARE, [value('x')], []);
    insertOps(graph, mul, [op]);
    takeOutput(op, value('y'));
    assert.deepEqual(mul.outputs, []);
    assert.equal(value('y').producer, op);
    assert.ok(graph.outputs.includes(value('y')));
    assertEdges(module);
  });

  it('replaces uses in operators, graph outputs and signatures', () => {
    const { module, graph, value } = sample();
    replaceUses(module, graph, value('y'), value('c'));
    assert.deepEqual(value('y').users, []);
    assert.deepEqual(
      graph.outputs.map(({ name }) => name),
      ['z', 'c'],
    );
    assert.equal(module.signatures![0]!.outputs![1]!.value, value('c'));
    assertEdges(module);
  });

  it('drops inputs and outputs from graph and signatures', () => {
    const { module, graph, value } = sample();
    dropOutputs(module, graph, new Set([value('y')]));
    dropInputs(module, graph, new Set([value('x')]));
    const [signature] = module.signatures!;
    assert.deepEqual([graph.inputs.length, signature!.inputs!.length], [0, 0]);
    assert.deepEqual([graph.outputs.length, signature!.outputs!.length], [1, 1]);
  });

  it('adds constants with buffers of their own, and one sentinel for the rest', () => {
    const { module, graph } = sample();
    const constant = addConstant(module, graph, {
      name: 'k',
      type: TensorType.INT32,
      shape: [1],
      bytes: Uint8Array.of(7, 0, 0, 0),
    });
    assert.ok(constant.isConstant && module.buffers.includes(constant.buffer));
    const [a, b] = [1, 2].map((i) =>
      addValue(module, graph, { name: `${i}`, type: TensorType.INT32, shape: [1] }),
    );
    assert.equal(a!.buffer, b!.buffer);
    assert.equal(module.buffers[0], a!.buffer);
  });

  it('finds names that are free', () => {
    const { graph, value } = sample();
    value('c').name = 'x_1';
    assert.equal(uniqueName(graph, 'x'), 'x_2');
    assert.equal(uniqueName(graph, 'new'), 'new');
  });
});

describe('ir/dead', () => {
  it('removes what only dead operators read, and nothing that is still needed', () => {
    const { module, graph, value } = textGraph(
      'input x f32[1]\na = NEG(x)\nb = NEG(a)\nc = NEG(b)\nd = NEG(a)\noutput d',
    );
    removeDeadFrom(graph, [value('c').producer!]);
    assert.deepEqual(
      graph.ops.map(({ output }) => output!.name),
      ['a', 'd'],
    );
    assertEdges(module);
    removeDeadFrom(graph, [value('d').producer!]);
    assert.equal(graph.ops.length, 2, 'a graph output is needed');
  });

  it('removes a shared operand whose two readers die, in whatever order they are looked at', () => {
    const text = 'input x f32[1]\na = NEG(x)\nb = NEG(a)\nc = NEG(a)\nd = ADD(b, c)\noutput x';
    for (const order of [
      ['d', 'a'],
      ['a', 'd'],
      ['b', 'd'],
      ['c', 'a', 'b', 'd'],
    ]) {
      const { graph, value } = textGraph(text);
      removeDeadFrom(
        graph,
        order.map((name) => value(name).producer!),
      );
      assert.deepEqual(graph.ops, [], order.join());
    }
  });

  it('keeps operators that act outside their outputs', () => {
    const { graph, value } = textGraph(
      'input x f32[1]\na = NEG(x)\nb: f32[1] = CUSTOM(a)\nc = NEG(x)\noutput x',
    );
    removeDeadFrom(graph, [...graph.ops]);
    assert.deepEqual(
      graph.ops.map(({ output }) => output!.name),
      ['a', 'b'],
    );
    assert.deepEqual([...liveOps(graph)].map(({ output }) => output!.name).sort(), ['a', 'b']);
    assert.equal(value('c').producer, null);
  });
});
