import assert from 'node:assert/strict';
import {
  BuiltinOperator,
  BuiltinOptions,
  type Model,
  operatorCode,
  plainOperator,
  plainTensor,
  readModel,
  type SubGraph,
  TensorType,
  writeModel,
} from '../../../../lib/circle/index.ts';
import { GgmaError } from '../../../../lib/errors.ts';
import { addValue } from '../../../../lib/ir/graph/edit.ts';
import { lift } from '../../../../lib/ir/graph/lift.ts';
import { lower } from '../../../../lib/ir/graph/lower.ts';
import { goldenFiles, goldenModel, needShared } from '../../../support/goldens.ts';
import { assertEdges, bytesOfModule, reread } from '../../../support/passes.ts';
import { textGraph } from '../../../support/text-graph.ts';

function tensor(name: string, buffer: number) {
  return {
    ...plainTensor,
    name,
    buffer,
    shape: [1],
    type: TensorType.FLOAT32,
  };
}

function operator(inputs: number[], outputs: number[]) {
  return {
    ...plainOperator,
    opcodeIndex: 0,
    inputs,
    outputs,
    builtinOptionsType: BuiltinOptions.NegOptions,
    builtinOptions: {},
    intermediates: null,
  };
}

/** NEG(x) → y and a constant c. */
function small(): Model & { subgraphs: [SubGraph] } {
  return {
    version: 0,
    description: 'small',
    operatorCodes: [operatorCode(BuiltinOperator.NEG)],
    buffers: [{ data: null }, { data: Uint8Array.of(0, 0, 128, 63) }],
    metadata: [{ name: 'origin', buffer: 1 }],
    metadataBuffer: [1],
    subgraphs: [
      {
        name: 'main',
        tensors: [tensor('x', 0), tensor('y', 0), tensor('c', 1)],
        inputs: [0],
        outputs: [1],
        operators: [operator([0], [1])],
        debugMetadataIndex: -1,
      },
    ],
    signatureDefs: [
      {
        signatureKey: 'run',
        subgraphIndex: 0,
        inputs: [{ name: 'in', tensorIndex: 0 }],
        outputs: [{ name: 'out', tensorIndex: 1 }],
      },
    ],
  };
}

describe('ir/lift and lower', () => {
  describe('on the reference data', () => {
    before(needShared);

    it('lose no byte of any file, in one round and in two', () => {
      const files = goldenFiles();
      assert.ok(files.length >= 15, `${files.length} files`);
      for (const file of files) {
        const model = goldenModel(file);
        const before = writeModel(model);
        const module = lift(model);
        assertEdges(module);
        const once = bytesOfModule(module);
        assert.ok(once.byteLength > 100_000, file);
        assert.equal(Buffer.compare(once, before), 0, file);
        assert.equal(Buffer.compare(bytesOfModule(reread(module)), before), 0, `${file}, second round`);
      }
    });
  });

  it('keep what is absent, empty, shared and left out', () => {
    const model = small();
    const [graph] = model.subgraphs;
    graph.operators = [
      operator([0, -1], [1]),
      { ...operator([], []), inputs: null, outputs: null },
      { ...operator([0], [-1]), intermediates: [] },
    ];
    graph.tensors!.push({ ...tensor('same buffer', 1), shape: null as never });
    model.subgraphs.push({
      name: null,
      tensors: null,
      inputs: null,
      outputs: [],
      operators: null,
      debugMetadataIndex: 3,
    });
    model.signatureDefs!.push({ signatureKey: null, subgraphIndex: 1, inputs: null, outputs: [] });
    const bytes = writeModel(model);
    const module = lift(readModel(bytes));
    assert.deepEqual(module.graphs[0]!.ops[0]!.inputs[1], null);
    assert.equal(module.graphs[0]!.values[3]!.buffer, module.graphs[0]!.values[2]!.buffer);
    assert.equal(Buffer.compare(bytesOfModule(module), bytes), 0);
  });

  it('point from values to producers and users', () => {
    const graph = lift(small()).graphs[0]!;
    const [x, y, c] = graph.values;
    assert.deepEqual(x!.users, graph.ops);
    assert.equal(y!.producer, graph.ops[0]);
    assert.deepEqual([x!.isConstant, c!.isConstant], [false, true]);
  });

  it('follow subgraphs that options number when graphs change places', () => {
    const model = small();
    model.subgraphs.push({ ...structuredClone(model.subgraphs[0]), name: 'body' });
    model.operatorCodes!.push(operatorCode(BuiltinOperator.WHILE));
    model.subgraphs[0].operators!.push({
      ...operator([0], [2]),
      opcodeIndex: 1,
      builtinOptionsType: BuiltinOptions.WhileOptions,
      builtinOptions: { condSubgraphIndex: 0, bodySubgraphIndex: 1 },
    });
    model.subgraphs[0].tensors![2]!.buffer = 0;
    const module = lift(model);
    module.graphs.reverse();
    const lowered = lower(module);
    assert.equal(lowered.signatureDefs![0]!.subgraphIndex, 1);
    assert.deepEqual(lowered.subgraphs![1]!.operators![1]!.builtinOptions, {
      condSubgraphIndex: 1,
      bodySubgraphIndex: 0,
    });
  });

  it('refuse every index that is out of range, with its path', () => {
    const cases: [string, (model: ReturnType<typeof small>) => void][] = [
      ['subgraphs[0].tensors[1].buffer', (m) => Object.assign(m.subgraphs[0].tensors![1]!, { buffer: 2 })],
      ['subgraphs[0].inputs[0]', (m) => m.subgraphs[0].inputs!.fill(3)],
      ['subgraphs[0].outputs[0]', (m) => m.subgraphs[0].outputs!.fill(-1)],
      ['subgraphs[0].operators[0].inputs[0]', (m) => m.subgraphs[0].operators![0]!.inputs!.fill(9)],
      ['subgraphs[0].operators[0].outputs[0]', (m) => m.subgraphs[0].operators![0]!.outputs!.fill(-2)],
      [
        'subgraphs[0].operators[0].opcode_index',
        (m) => Object.assign(m.subgraphs[0].operators![0]!, { opcodeIndex: 1 }),
      ],
      ['metadata[0].buffer', (m) => Object.assign(m.metadata![0]!, { buffer: 7 })],
      ['metadata_buffer[0]', (m) => Object.assign(m, { metadataBuffer: [7] })],
      ['signature_defs[0].subgraph_index', (m) => Object.assign(m.signatureDefs![0]!, { subgraphIndex: 1 })],
      [
        'signature_defs[0].outputs[0].tensor_index',
        (m) => Object.assign(m.signatureDefs![0]!.outputs![0]!, { tensorIndex: 5 }),
      ],
    ];
    for (const [path, spoil] of cases) {
      const model = small();
      spoil(model);
      assert.throws(
        () => lift(model),
        (error: unknown) =>
          error instanceof GgmaError && error.code === 'CIRCLE_INVALID' && error.path === path,
        path,
      );
    }
  });

  it('refuse two producers of a tensor, an operator that writes a constant, and a cycle', () => {
    const twice = small();
    twice.subgraphs[0].operators!.push(operator([0], [1]));
    assert.throws(() => lift(twice), /expected one producer for tensor 'y', got operators 0 and 1/);
    const constant = small();
    constant.subgraphs[0].operators![0]!.outputs = [2];
    assert.throws(() => lift(constant), /got the constant 'c'/);
    const cycle = small();
    cycle.subgraphs[0].operators = [operator([1], [1])];
    assert.throws(() => lift(cycle), /GRAPH_CYCLE: expected operators without a cycle, got operators 0 → 0/);
  });

  it('refuse to write a value that its graph does not hold', () => {
    const { module, graph, value } = textGraph('input x f32[1]\ny = NEG(x)\noutput y');
    graph.values = graph.values.filter((v) => v !== value('x'));
    assert.throws(
      () => lower(module),
      (error: unknown) =>
        error instanceof GgmaError &&
        error.code === 'GRAPH_DANGLING' &&
        error.path === 'subgraphs[0].operators[0].inputs[0]',
    );
  });

  it('number new values, buffers and operator codes behind the old ones', () => {
    const module = lift(small());
    const graph = module.graphs[0]!;
    addValue(module, graph, {
      name: 'new',
      type: TensorType.FLOAT32,
      shape: [1],
      buffer: { data: new Uint8Array(4) },
    });
    const model = lower(module);
    assert.equal(model.subgraphs![0]!.tensors![3]!.buffer, 2);
    assert.equal(model.buffers!.length, 3);
  });
});
