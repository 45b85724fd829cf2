import assert from 'node:assert/strict';
import { BuiltinOperator, BuiltinOptions, TensorType } from '../../../lib/circle/index.ts';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { addValue, makeOp } from '../../../lib/ir/graph/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import {
  apply,
  assertIdempotent,
  assertUntouched,
  opsOf,
  portsOf,
  reread,
  sign,
} from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'gc';
const DEAD = `
  input x f32[1]
  input unused f32[1]
  const c f32[1] = 3
  const forgotten f32[1] = 4
  y = MUL(x, c)
  a = NEG(x)
  b = EXP(a)
  output y`;

describe('passes/gc', () => {
  it('hit: dead operators, tensors, constants, buffers, operator codes and inputs go; signatures follow', () => {
    const { module, graph, value } = textGraph(DEAD);
    sign(module);
    const outcome = apply(module, NAME);
    // 1 input, 2 operators, 4 values, 1 buffer, 2 operator codes.
    assert.equal(outcome.changed, 10);
    assert.deepEqual(opsOf(graph), ['y = MUL(x, c)']);
    assert.deepEqual(
      graph.values.map(({ name }) => name),
      ['x', 'c', 'y'],
    );
    assert.deepEqual(portsOf(module), { inputs: ['x'], outputs: ['y'] });
    assert.equal(module.opcodes.length, 1);
    assert.deepEqual(module.buffers, [{ data: null }, value('c').buffer]);
  });

  it('hit: outputs without a producer, and operators whose outputs are empty (the reference keeps those)', () => {
    const { module, graph, value } = textGraph('input x f32[1]\ny = NEG(x)\nz = EXP(x)\noutput y\noutput z');
    sign(module);
    const exp = value('z').producer!;
    exp.outputs.splice(0);
    value('z').producer = null;
    assert.ok(apply(module, NAME).changed > 0);
    assert.deepEqual(opsOf(graph), ['y = NEG(x)']);
    assert.deepEqual(portsOf(module).outputs, ['y']);
  });

  it('hit: buffers of their own without data become the sentinel, which stays first', () => {
    const { module, graph } = textGraph('input x f32[1]\ny = NEG(x)\noutput y');
    for (const value of graph.values) {
      value.buffer = { data: null };
      module.buffers.push(value.buffer);
    }
    assert.equal(apply(module, NAME).changed, 2);
    assert.equal(module.buffers.length, 1);
    for (const value of graph.values) assert.equal(value.buffer, module.buffers[0]);
  });

  it('hit: what is dead goes, while every buffer that metadata names stays, in its place', () => {
    const { module } = textGraph(DEAD);
    const [note, listed] = [{ data: Uint8Array.of(1) }, { data: Uint8Array.of(2) }];
    module.buffers.push(note, { data: Uint8Array.of(3) }, listed);
    module.metadata = [{ name: 'note', buffer: note }];
    module.metadataBuffer = [listed];
    apply(module, NAME);
    assert.deepEqual(module.buffers.slice(-2), [note, listed]);
    const again = reread(module);
    assert.deepEqual(again.metadata![0]!.buffer.data, note.data);
    assert.deepEqual(again.metadataBuffer![0]!.data, listed.data);
  });

  it('near miss: everything is needed', () => {
    const { module } = textGraph('input x f32[1]\nconst c f32[1] = 3\ny = MUL(x, c)\noutput y');
    assertUntouched(module, /everything is needed/, NAME);
  });

  it('near miss: operators that act outside, metadata, and inputs or constants that are outputs', () => {
    const { module, graph } = textGraph(`
      input x f32[1]
      input passed f32[1]
      const c f32[1] = 3
      a = NEG(x)
      b: f32[1] = CUSTOM(a)
      output passed
      output c`);
    const note = { data: Uint8Array.of(1) };
    module.buffers.push(note);
    module.metadata = [{ name: 'note', buffer: note }];
    assertUntouched(module, /everything is needed/, NAME);
    assert.equal(graph.ops.length, 2);
  });

  it('near miss: a subgraph that an operator calls keeps its inputs and outputs', () => {
    const { module, graph, value } = textGraph('input x f32[1]\ny: f32[1] = CUSTOM(x)\noutput y');
    const called = textGraph('input p f32[1]\ninput q f32[1]\nr = NEG(p)\noutput r').graph;
    module.graphs.push(called);
    for (const { buffer } of called.values) module.buffers.push(buffer);
    for (const op of called.ops) op.opcode = module.opcode(op.code);
    const result = addValue(module, graph, { name: 'z', type: TensorType.FLOAT32, shape: [1] });
    graph.outputs.push(result);
    const loop = makeOp(module, BuiltinOperator.WHILE, [value('y')], [result], {
      type: BuiltinOptions.WhileOptions,
      value: { condSubgraphIndex: 1, bodySubgraphIndex: 1 },
    });
    loop.graphReferences.push({
      holder: 'builtinOptions',
      field: 'bodySubgraphIndex',
      graphs: [called],
      isVector: false,
    });
    graph.ops.push(loop);
    apply(module, NAME);
    assert.deepEqual(
      called.inputs.map(({ name }) => name),
      ['p', 'q'],
    );
  });

  it('shared value: what one live operator reads stays, however many dead ones read it too', () => {
    const { module, graph } = textGraph(
      'input x f32[1]\na = NEG(x)\nb = EXP(a)\nc = EXP(a)\ny = ABS(a)\noutput y',
    );
    apply(module, NAME);
    assert.deepEqual(opsOf(graph), ['a = NEG(x)', 'y = ABS(a)']);
  });

  it('numeric equality', () => {
    const [before, after] = [textGraph(DEAD), textGraph(DEAD)];
    apply(after.module, NAME);
    const run = ({ graph, value }: typeof before) =>
      evaluate(graph, new Map([[value('x'), tensorFor(value('x'), [2])]])).get(value('y'))!.data;
    assert.deepEqual([...run(after)], [6]);
    assert.deepEqual(run(after), run(before));
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(DEAD).module, NAME);
  });
});
