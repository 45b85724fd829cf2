import assert from 'node:assert/strict';
import {
  BuiltinOperator,
  BuiltinOptions,
  FINDINGS,
  type FindingCode,
  type Model,
  type Operator,
  operatorCode,
  QuantizationDetails,
  readModel,
  requireSound,
  requireValid,
  type SubGraph,
  type Tensor,
  TensorType,
  verifyModel,
  writeModel,
} from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { lower } from '../../../lib/ir/lower.ts';
import { goldenFiles, goldenModel, needShared } from '../../support/goldens.ts';
import { seeded } from '../../support/mutate.ts';
import { mutateModel } from '../../support/mutate-model.ts';
import { randomModel } from '../../support/random-model.ts';
import { textGraph } from '../../support/text-graph.ts';

const SOUND = `
  signature run: graph 0 (x = x, state) -> (z)
  graph main
  input x f32[1,4]
  input state f32[1,2]
  const w f32[2,4] = 1 2 3 4 5 6 7 8
  const axes i32[0] = 0x
  const words str[2] = 0x02000000100000001100000013000000616262
  const packed i4[3] = 0x2103
  const blocks q8_0[1,32] = 0x${'00'.repeat(34)}
  const scaled i8[2,3] {quantization={scale=[0.5,0.25] zeroPoint=[0,1]}} = 1 2 3 4 5 6
  const micro mxfp4[1,32] {quantization={details=MXQuantization{axis=1}}} = 0x${'00'.repeat(17)}
  const sparse f32[2,3] {sparsity={traversalOrder=[0,1] dimMetadata=[{denseSize=2},{format=SPARSE_CSR arraySegments=Uint8Vector{values=0x000102} arrayIndices=Int32Vector{values=[2,0]}}]}} = 0x0000803f00000040
  tensor memory f32[1,2] {isVariable=true}
  y: f32[1,2] = FULLY_CONNECTED(x, w, -)
  s: f32[1,2] = ADD(y, state)
  t: f32[1,2] = ADD(s, memory)
  z: f32[1,2] = NEG(t)
  output z
  graph callee
  input a f32[1,2]
  output a
`;

type Parts = { model: Model; graph: SubGraph; operator(i: number): Operator; tensor(name: string): Tensor };

function sound(): Parts {
  const { module } = textGraph(SOUND);
  const model = lower(module);
  const graph = model.subgraphs![0]!;
  return {
    model,
    graph,
    operator: (i) => graph.operators![i]!,
    tensor: (name) => graph.tensors!.find((tensor) => tensor.name === name)!,
  };
}

type Spoil = (parts: Parts) => void;

/** An operator that runs the second subgraph. */
function call({ model, graph }: Parts, index: number): void {
  model.operatorCodes!.push(operatorCode(BuiltinOperator.CALL));
  graph.operators!.push({
    ...graph.operators![0]!,
    opcodeIndex: model.operatorCodes!.length - 1,
    inputs: [1],
    outputs: [graph.tensors!.length],
    builtinOptionsType: BuiltinOptions.CallOptions,
    builtinOptions: { subgraph: index },
  });
  graph.tensors!.push({ ...graph.tensors![1]!, name: 'called' });
}

const dataOf = (parts: Parts, name: string) => parts.model.buffers![parts.tensor(name).buffer]!;

/** Each code, with changes that must give it, and where. */
const SPOILS: Record<FindingCode, [path: string, spoil: Spoil][]> = {
  BUFFER_INDEX: [
    ['subgraphs[0].tensors[0].buffer', ({ graph }) => (graph.tensors![0]!.buffer = 99)],
    ['metadata[0].buffer', ({ model }) => (model.metadata = [{ name: 'm', buffer: 99 }])],
    ['metadata_buffer[1]', ({ model }) => (model.metadataBuffer = [0, -1])],
  ],
  OPCODE_INDEX: [
    ['subgraphs[0].operators[1].opcode_index', ({ operator }) => (operator(1).opcodeIndex = 50)],
  ],
  SUBGRAPH_INDEX: [
    ['signature_defs[0].subgraph_index', ({ model }) => (model.signatureDefs![0]!.subgraphIndex = 7)],
    ['subgraphs[0].operators[4].builtin_options.subgraph', (parts) => call(parts, 9)],
  ],
  TENSOR_INDEX: [
    ['subgraphs[0].inputs[0]', ({ graph }) => (graph.inputs![0] = -1)],
    ['subgraphs[0].outputs[0]', ({ graph }) => (graph.outputs![0] = 1000)],
    ['subgraphs[0].operators[0].inputs[1]', ({ operator }) => (operator(0).inputs![1] = -2)],
    ['subgraphs[0].operators[0].intermediates[0]', ({ operator }) => (operator(0).intermediates = [77])],
    [
      'signature_defs[0].inputs[1].tensor_index',
      ({ model }) => (model.signatureDefs![0]!.inputs![1]!.tensorIndex = 99),
    ],
  ],
  TENSOR_PRODUCERS: [
    ['subgraphs[0].operators[3].outputs[0]', ({ operator }) => (operator(3).outputs = operator(2).outputs)],
  ],
  CONSTANT_WRITTEN: [
    [
      'subgraphs[0].operators[0].outputs[0]',
      ({ operator }) => (operator(0).outputs = [operator(0).inputs![1]!]),
    ],
  ],
  GRAPH_CYCLE: [
    ['subgraphs[0].operators[1]', ({ operator }) => (operator(1).inputs![1] = operator(3).outputs![0]!)],
    ['subgraphs[0].operators[3]', ({ operator }) => (operator(3).inputs![0] = operator(3).outputs![0]!)],
  ],
  OPERATOR_ORDER: [['subgraphs[0].operators[0].inputs[0]', ({ graph }) => void graph.operators!.reverse()]],
  MODEL_EMPTY: [
    ['subgraphs', ({ model }) => Object.assign(model, { subgraphs: [], signatureDefs: null })],
    ['subgraphs', ({ model }) => Object.assign(model, { subgraphs: null, signatureDefs: null })],
  ],
  SUBGRAPH_RECURSION: [['subgraphs[0].operators[4].builtin_options.subgraph', (parts) => call(parts, 0)]],
  SUBGRAPH_CALL: [
    [
      'subgraphs[0].operators[4].builtin_options.subgraph',
      (parts) => {
        call(parts, 1);
        parts.model.subgraphs![1]!.inputs = [];
      },
    ],
  ],
  OPCODE_CUSTOM: [
    [
      'operator_codes[0].custom_code',
      ({ model }) => (model.operatorCodes![0] = operatorCode(BuiltinOperator.CUSTOM)),
    ],
  ],
  OPERATOR_OPTIONS: [
    [
      'subgraphs[0].operators[3].builtin_options_type',
      ({ operator }) => Object.assign(operator(3), { builtinOptionsType: BuiltinOptions.AddOptions }),
    ],
    [
      'subgraphs[0].operators[3].builtin_options_2_type',
      ({ operator }) => Object.assign(operator(3), { builtinOptions2Type: 2 }),
    ],
  ],
  OPERATOR_INPUTS: [
    ['subgraphs[0].operators[3].inputs', ({ operator }) => void operator(3).inputs!.push(0)],
    ['subgraphs[0].operators[1].inputs', ({ operator }) => void operator(1).inputs!.pop()],
    ['subgraphs[0].operators[1].inputs', ({ operator }) => (operator(1).inputs = null)],
  ],
  OPERATOR_OUTPUTS: [
    [
      'subgraphs[0].operators[0].outputs',
      ({ graph, operator, tensor }) => operator(0).outputs!.push(graph.tensors!.push({ ...tensor('y') }) - 1),
    ],
  ],
  INPUT_MISSING: [['subgraphs[0].operators[0].inputs[1]', ({ operator }) => (operator(0).inputs![1] = -1)]],
  OUTPUT_MISSING: [['subgraphs[0].operators[3].outputs[0]', ({ operator }) => (operator(3).outputs = [-1])]],
  INPUT_UNDEFINED: [
    ['subgraphs[0].operators[2].inputs[1]', ({ tensor }) => (tensor('memory').isVariable = false)],
  ],
  GRAPH_INPUT_WRITTEN: [['subgraphs[0].inputs[0]', ({ operator }) => (operator(3).outputs = [0])]],
  GRAPH_INPUT_DATA: [
    ['subgraphs[0].inputs[2]', ({ graph, operator }) => void graph.inputs!.push(operator(0).inputs![1]!)],
  ],
  TENSOR_TYPE: [
    ['subgraphs[0].tensors[0].type', ({ graph }) => (graph.tensors![0]!.type = 99 as TensorType)],
  ],
  TENSOR_SHAPE: [
    ['subgraphs[0].tensors[0].shape[1]', ({ graph }) => (graph.tensors![0]!.shape = [1, -1])],
    ['subgraphs[0].tensors[0].shape[0]', ({ graph }) => (graph.tensors![0]!.shape = [0, 4])],
    ['subgraphs[0].tensors[2].shape[0]', ({ tensor }) => (tensor('w').shape = [-2, 4])],
    ['subgraphs[0].tensors[6].shape', ({ tensor }) => (tensor('blocks').shape = [32, 1])],
  ],
  TENSOR_SIZE: [
    [
      'subgraphs[0].tensors[0].shape',
      ({ graph }) => (graph.tensors![0]!.shape = Array.from({ length: 4 }, () => 2 ** 31 - 1)),
    ],
  ],
  DATA_SIZE: [
    ['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').shape = [2, 5])],
    ['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').type = TensorType.INT64)],
    ['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').type = TensorType.RESOURCE)],
    ['subgraphs[0].tensors[5].buffer', ({ tensor }) => (tensor('packed').shape = [5])],
    ['subgraphs[0].tensors[6].buffer', ({ tensor }) => (tensor('blocks').shape = [2, 32])],
    ['subgraphs[0].tensors[6].buffer', ({ tensor }) => (tensor('blocks').type = TensorType.GGML_Q4_0)],
    ['subgraphs[0].tensors[8].buffer', ({ tensor }) => (tensor('micro').shape = [1, 64])],
    ['subgraphs[0].tensors[8].buffer', ({ tensor }) => (tensor('micro').type = TensorType.MXINT8)],
    ['subgraphs[0].tensors[9].buffer', ({ tensor }) => (tensor('sparse').sparsity = null)],
    ['subgraphs[0].tensors[9].buffer', (parts) => (dataOf(parts, 'sparse').data = new Uint8Array(12))],
  ],
  DATA_STRINGS: [
    ['subgraphs[0].tensors[4].buffer', ({ tensor }) => (tensor('words').shape = [3])],
    ['subgraphs[0].tensors[4].buffer', (parts) => (dataOf(parts, 'words').data = new Uint8Array(3))],
    ...[0, 4, 8, 12].map((at): [string, Spoil] => [
      'subgraphs[0].tensors[4].buffer',
      (parts) => {
        const bytes = Uint8Array.from(dataOf(parts, 'words').data as Uint8Array);
        bytes[at]! ^= 0x40;
        dataOf(parts, 'words').data = bytes;
      },
    ]),
  ],
  VARIABLE_DATA: [['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').isVariable = true)]],
  QUANTIZATION: [
    [
      'subgraphs[0].tensors[7].quantization.scale',
      ({ tensor }) => Object.assign(tensor('scaled').quantization!, { scale: [1, 2, 3], zeroPoint: null }),
    ],
    [
      'subgraphs[0].tensors[7].quantization.zero_point',
      ({ tensor }) => (tensor('scaled').quantization!.zeroPoint = [1n]),
    ],
    [
      'subgraphs[0].tensors[7].quantization.quantized_dimension',
      ({ tensor }) => (tensor('scaled').quantization!.quantizedDimension = 2),
    ],
    [
      'subgraphs[0].tensors[8].quantization.details.axis',
      ({ tensor }) => (tensor('micro').quantization!.details = { axis: 2 }),
    ],
    ...(
      [
        ['scales', { scales: 99, zeroPoints: -1, blockSize: 32 }],
        ['zero_points', { scales: 0, zeroPoints: -2, blockSize: 32 }],
        ['block_size', { scales: 0, zeroPoints: 0, blockSize: 0 }],
      ] as const
    ).map(([field, details]): [string, Spoil] => [
      `subgraphs[0].tensors[8].quantization.details.${field}`,
      ({ tensor }) =>
        Object.assign(tensor('micro').quantization!, {
          detailsType: QuantizationDetails.BlockwiseQuantization,
          details,
        }),
    ]),
  ],
  SPARSITY: (
    [
      ['traversal_order', (s) => (s.traversalOrder = [0, 0])],
      ['traversal_order', (s) => (s.traversalOrder = null)],
      ['block_map[0]', (s) => Object.assign(s, { blockMap: [2], traversalOrder: [0, 1, 2] })],
      ['dim_metadata', (s) => void s.dimMetadata!.pop()],
      ['dim_metadata[0]', (s) => (s.dimMetadata![0]!.denseSize = 3)],
      ['dim_metadata[0]', (s) => (s.dimMetadata![0]!.format = 9 as never)],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = null)],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = { values: [0, 2] })],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = { values: [0, 3, 2] })],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = { values: [0, 1, 1] })],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arrayIndices = { values: [2, 3] })],
    ] as [string, (sparsity: NonNullable<Tensor['sparsity']>) => void][]
  ).map(([field, spoil]) => [
    `subgraphs[0].tensors[9].sparsity.${field}`,
    ({ tensor }) => spoil(tensor('sparse').sparsity!),
  ]),
  SIGNATURE_KEY: [
    ['signature_defs[0].signature_key', ({ model }) => (model.signatureDefs![0]!.signatureKey = null)],
    [
      'signature_defs[1].signature_key',
      ({ model }) => model.signatureDefs!.push({ ...model.signatureDefs![0]! }),
    ],
  ],
  SIGNATURE_PORT: [
    ['signature_defs[0].inputs[0].name', ({ model }) => (model.signatureDefs![0]!.inputs![0]!.name = null)],
    ['signature_defs[0].inputs[1].name', ({ model }) => (model.signatureDefs![0]!.inputs![1]!.name = 'x')],
    [
      'signature_defs[0].outputs[0].tensor_index',
      ({ model }) => (model.signatureDefs![0]!.outputs![0]!.tensorIndex = 0),
    ],
  ],
  OUTPUT_PRODUCERLESS: [['subgraphs[0].outputs[0]', ({ graph }) => void graph.operators!.pop()]],
  OPERATOR_WITHOUT_OUTPUTS: [['subgraphs[0].operators[3]', ({ operator }) => (operator(3).outputs = [])]],
  OPERATOR_UNKNOWN: [
    ['operator_codes[2]', ({ model }) => (model.operatorCodes![2] = operatorCode(9999 as BuiltinOperator))],
  ],
  OPTIONS_ABSENT: [
    [
      'subgraphs[0].operators[0].builtin_options_type',
      ({ operator }) => Object.assign(operator(0), { builtinOptionsType: 0, builtinOptions: null }),
    ],
  ],
  OPCODE_FIELDS: [['operator_codes[0]', ({ model }) => (model.operatorCodes![0]!.deprecatedBuiltinCode = 3)]],
  BUFFER_SENTINEL: [['buffers[0]', ({ model }) => (model.buffers![0]!.data = new Uint8Array(4))]],
  GRAPH_INPUT_TWICE: [['subgraphs[0].inputs[2]', ({ graph }) => void graph.inputs!.push(0)]],
  SHAPE_SIGNATURE: [
    ['subgraphs[0].tensors[0].shape_signature', ({ graph }) => (graph.tensors![0]!.shapeSignature = [-1, 5])],
    ['subgraphs[0].tensors[0].shape_signature', ({ graph }) => (graph.tensors![0]!.shapeSignature = [-1])],
  ],
  MUTATING_INPUTS: [
    [
      'subgraphs[0].operators[0].mutating_variable_inputs',
      ({ operator }) => (operator(0).mutatingVariableInputs = [true]),
    ],
  ],
  SIGNATURE_INCOMPLETE: [
    ['signature_defs[0].inputs', ({ model }) => void model.signatureDefs![0]!.inputs!.pop()],
  ],
};

/** `count` empty strings. */
function stringBuffer(count: number): Uint8Array {
  const head = 4 * (count + 2);
  const words = new Int32Array(count + 2).fill(head);
  words[0] = count;
  return new Uint8Array(words.buffer);
}

/** The graph with one operator more, which runs subgraph `next`. */
function chained(graph: SubGraph, neg: Operator, next: number): SubGraph {
  const call: Operator = {
    ...neg,
    opcodeIndex: 3,
    inputs: [0],
    outputs: [1],
    builtinOptionsType: BuiltinOptions.CallOptions,
    builtinOptions: { subgraph: next },
  };
  return { ...graph, tensors: [graph.tensors![0]!, graph.tensors![0]!], operators: [call], outputs: [1] };
}

describe('circle/verify', () => {
  it('finds nothing in a sound model of every kind of data', () => {
    const { model } = sound();
    assert.deepEqual(verifyModel(model), { findings: [], errors: 0, warnings: 0 });
    assert.deepEqual(verifyModel(readModel(writeModel(model))).findings, []);
    requireValid(model);
  });

  for (const [code, spoils] of Object.entries(SPOILS) as [FindingCode, [string, Spoil][]][])
    it(`fault 14: reports ${code}`, () => {
      assert.ok(spoils.length > 0);
      for (const [path, spoil] of spoils) {
        const parts = sound();
        spoil(parts);
        const { findings, errors, warnings } = verifyModel(parts.model);
        const found = findings.find((finding) => finding.code === code);
        assert.ok(found, `${path}: ${JSON.stringify(findings)}`);
        assert.equal(found.path, path);
        assert.equal(found.level, FINDINGS[code].level);
        assert.match(found.message, /^expected .+, got .+/);
        assert.equal(findings.length, errors + warnings);
        if (found.level === 'warning') continue;
        assert.throws(
          () => requireValid(parts.model),
          (error: unknown) =>
            error instanceof GgmaError && error.code === 'CIRCLE_INVALID' && error.path !== undefined,
        );
      }
    });

  it('takes what is unusual but right', () => {
    const fine: [string, Spoil][] = [
      ['an open length', ({ graph }) => (graph.tensors![0]!.shapeSignature = [-1, 4])],
      ['an absent shape is a scalar', ({ tensor }) => (tensor('memory').shape = null)],
      [
        'data of no bytes is none',
        ({ model, tensor }) => (tensor('y').buffer = model.buffers!.push({ data: new Uint8Array(0) }) - 1),
      ],
      ['codes of before the second field', ({ model }) => (model.operatorCodes![2]!.builtinCode = 0)],
      ['an output that is an input', ({ graph }) => void graph.outputs!.push(0)],
      ['an input that nobody reads', ({ operator }) => (operator(1).inputs![1] = operator(1).inputs![0]!)],
      ['a left-out intermediate', ({ operator }) => (operator(0).intermediates = [-1])],
      ['a call', (parts) => call(parts, 1)],
      ['a branch that is not there', (parts) => call(parts, -1)],
      ['no bias', ({ operator }) => void operator(0).inputs!.pop()],
    ];
    for (const [what, change] of fine) {
      const parts = sound();
      change(parts);
      // CALL's number is unsigned, -1 is only what a file could say of other operators.
      assert.deepEqual(verifyModel(parts.model).findings, [], what);
    }
  });

  it('fault 14: refuses for filters exactly what cannot be turned into objects', () => {
    let [refused, taken] = [0, 0];
    for (const [code, spoils] of Object.entries(SPOILS) as [FindingCode, [string, Spoil][]][])
      for (const [path, spoil] of spoils) {
        const parts = sound();
        spoil(parts);
        const stops = 'stops' in FINDINGS[code];
        const codes = verifyModel(parts.model).findings.map((finding) => finding.code);
        if (stops) {
          assert.throws(() => requireSound(parts.model), { code: 'CIRCLE_INVALID' }, path);
          refused++;
        } else if (!codes.some((other) => 'stops' in FINDINGS[other])) {
          requireSound(parts.model);
          taken++;
        }
      }
    assert.ok(refused >= 15 && taken > 50, `${refused} refused, ${taken} taken`);
  });

  it('keeps as many findings as asked for and counts them all', () => {
    const { model, graph } = sound();
    graph.outputs = Array.from({ length: 5000 }, () => 1_000_000);
    const { findings, errors } = verifyModel(model, 10);
    assert.equal(findings.length, 10);
    assert.ok(errors >= 5000);
  });

  it('fault 13, 14: ends on long cycles, chains of calls and shared strings: quadratic work would take hours', () => {
    const size = 100_000;
    const { model, graph, operator } = sound();
    const neg = operator(3);
    const first = graph.tensors!.length;
    for (let i = 0; i < size; i++) graph.tensors!.push({ ...graph.tensors![1]!, name: `t${i}` });
    for (let i = 0; i < size; i++)
      graph.operators!.push({ ...neg, inputs: [first + i], outputs: [first + ((i + 1) % size)] });
    // One large buffer of strings, which every one of them refers to.
    const strings = graph.tensors![4]!;
    model.buffers![strings.buffer]!.data = stringBuffer(size);
    for (let i = 0; i < size; i++) graph.tensors!.push({ ...strings, shape: [size] });
    for (let i = 1; i < size; i++)
      model.subgraphs!.push({ ...chained(model.subgraphs![1]!, neg, i + 2), name: `g${i}` });
    model.operatorCodes!.push(operatorCode(BuiltinOperator.CALL));
    const { findings } = verifyModel(model);
    assert.ok(
      findings.some(({ code, message }) => code === 'GRAPH_CYCLE' && message.includes(`(${size} operators)`)),
    );
    assert.ok(
      findings.some(({ code, path }) => code === 'SUBGRAPH_INDEX' && path.startsWith(`subgraphs[${size}]`)),
    );
  });

  it('never throws on random models and random changes of sound ones', () => {
    let findings = 0;
    for (let seed = 1; seed <= 20; seed++) findings += verifyModel(randomModel(seeded(seed))).findings.length;
    assert.ok(findings > 100);
    let spoilt = 0;
    for (let seed = 1; seed <= 3000; seed++) {
      const { model } = sound();
      mutateModel(model, seeded(seed));
      const { errors } = verifyModel(model);
      if (errors > 0) spoilt++;
    }
    assert.ok(spoilt > 1000, `${spoilt} of 3000`);
  });

  describe('on the reference data', () => {
    before(needShared);

    it('finds no errors, and only what the reference filters leave behind', () => {
      const files = goldenFiles();
      assert.ok(files.length >= 15);
      const seen = new Set<string>();
      for (const file of files) {
        const { findings, errors } = verifyModel(goldenModel(file));
        assert.equal(errors, 0, `${file}: ${JSON.stringify(findings[0])}`);
        for (const { code } of findings) seen.add(code);
      }
      assert.deepEqual([...seen].sort(), ['OPERATOR_WITHOUT_OUTPUTS', 'OUTPUT_PRODUCERLESS']);
    });
  });
});
