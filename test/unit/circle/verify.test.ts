import assert from 'node:assert/strict';
import {
  BuiltinOperator,
  BuiltinOptions,
  FINDINGS,
  type FindingCode,
  type Operator,
  operatorCode,
  readModel,
  requireSound,
  requireValid,
  type SubGraph,
  verifyModel,
  writeModel,
} from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { goldenFiles, goldenModel, needShared } from '../../support/goldens.ts';
import { seeded } from '../../support/mutate.ts';
import { mutateModel } from '../../support/mutate-model.ts';
import { randomModel } from '../../support/random-model.ts';
import { graphSpoils } from '../../support/verify/graphs.ts';
import { operatorSpoils } from '../../support/verify/operators.ts';
import { call, type Spoil, type Spoils, sound } from '../../support/verify/sound.ts';
import { tensorSpoils } from '../../support/verify/tensors.ts';

/** Each code, with changes that must give it, and where. */
const SPOILS: Record<FindingCode, Spoils> = { ...graphSpoils, ...operatorSpoils, ...tensorSpoils };

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
