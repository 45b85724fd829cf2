import assert from 'node:assert/strict';
import { type Model, readModel, TensorType, writeModel } from '../../../lib/circle/index.ts';
import { shortHash } from '../../../lib/circle/print/constants.ts';
import { printModel } from '../../../lib/circle/print/index.ts';
import { float32Text, sizeText } from '../../../lib/circle/print/numbers.ts';
import { typeName, typeNamed } from '../../../lib/circle/print/types.ts';
import { compareModules } from '../../../lib/ir/diff/index.ts';
import { lift, lower } from '../../../lib/ir/graph/index.ts';
import { attentionBlock, blockLines } from '../../support/attention-block.ts';
import { goldenFiles, goldenModel, needShared } from '../../support/goldens.ts';
import { seeded } from '../../support/mutate.ts';
import { mutateLine } from '../../support/mutate-text.ts';
import { randomModel } from '../../support/random-model.ts';
import { textGraph } from '../../support/text-graph.ts';

const print = (model: Model, short = false) => [...printModel(model, { short })].join('\n');

/** A text without indentation and blank lines. */
const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Bytes of a model's buffers by the hash that a text shows. */
function constantsOf(model: Model): (hash: string) => Uint8Array | undefined {
  const known = new Map(
    (model.buffers ?? []).flatMap(({ data }) =>
      data instanceof Uint8Array ? [[shortHash(data), data]] : [],
    ),
  );
  return (hash) => known.get(hash);
}

/** The text says the model: what is read from it differs in nothing but numbering. */
function assertSays(model: Model): void {
  const text = print(model);
  const again = lower(textGraph(text, constantsOf(model)).module);
  const { differences } = compareModules(lift(model), lift(again));
  // Constants that stand among the inputs have lost their names.
  const told = differences.filter(({ kind, message }) => kind !== 'names' || !/'literal_\d+'$/.test(message));
  assert.deepEqual(told.slice(0, 5), [], text.slice(0, 5000));
  const withoutComments = (shown: string) => shown.replaceAll(/ +# .*/g, '');
  assert.equal(withoutComments(print(again)), withoutComments(text));
}

describe('circle/print', () => {
  it('shows a graph as tests write it', () => {
    const text = `
      graph main  # 0: 4 operators, 10 tensors, 4 constants of 52 bytes
      input x f32[1,4]
      const w f32[2,4] = 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0
      y: f32[1,1,2] = FULLY_CONNECTED(x, w, -) keepNumDims=true
      a: f32[1,2] = RESHAPE(y, [1,2])
      b: f32[1,2] = MUL(a, 0.5)
      c: f32[1,1] = STRIDED_SLICE(b, z, [0,1], [1,1]) beginMask=1
      output c`;
    const { module } = textGraph(text.replace('input x f32[1,4]', 'input x f32[1,4]\ninput z i32[2]'));
    const shown = lines(print(lower(module)));
    const wanted = lines(text);
    wanted.splice(2, 0, 'input z i32[2]');
    wanted[0] = 'graph main  # 0: 4 operators, 11 tensors, 5 constants of 60 bytes';
    assert.deepEqual(shown, wanted);
  });

  it('says everything that a tensor, an operator and a model have', () => {
    const text = `
      model version=3 description="all of it"
      metadata min_runtime_version = "1.5.0"
      metadata raw = 0x00ff
      signature run: graph 0 (x, "second input" = state) -> (z)
      signature -: graph 1 - -> ()
      graph main
      input x f32[1,4]
      input state f32[1,2]
      const w f32[2,4] = 0.1 -2.0 3.5 1e-7 0.000001 -0.0 123456.79 1e+30
      const half f16[2] = 0.5 -1.25
      const brain bf16[2] = 0.5 -1.25
      const ids i64[2] = 9007199254740993 -1
      const flags bool[2] = 0 1
      const odd bool[1] = 0x07
      const nan f32[1] = 0x0000c07f
      const packed i4[3] = 0x2103
      const scaled i8[1] {quantization={scale=[0.5] zeroPoint=[3] detailsType=0 details=CustomQuantization{custom=0x0102} quantizedDimension=-1}} = 5
      const "a name (with) everything, even \\"quotes\\"" f32[1] = 1.0
      const nothing i32[0] = 0x
      const twice@13 f32[1] = 1.0
      const twice@14 f32[1] = 2.0
      tensor memory f32[1,2] {isVariable=true shapeSignature=[-1,2] hasRank=true}
      tensor shapeless f32
      tensor @17 f32[1] {variantTensors=[{shape=[1] type=i8}]}
      y: f32[1,2] = FULLY_CONNECTED(x, w, -) fusedActivationFunction=RELU keepNumDims=true
      y2: f32[1,2] = FULLY_CONNECTED(x, w, -) weightsFormat=SHUFFLED4x16INT8 keepNumDims=false
      s: f32[1,2] {quantization={scale=[0.25]}}, - = CUSTOM:"my op".v2(y, state) {customOptions=0x0001 mutatingVariableInputs=[true,false] debugMetadataIndex=4 intermediates=[memory,-]}
      t: f32[1,2] = CUSTOM:mine(s, twice@13, twice@14, @17)
      u: f32[1,2] = OP_9999(t)
      v: bool[1,2] = GREATER(u, t) NONE
      r: f32[2] = RESHAPE(u, ids) newShape=[]
      r2: f32[2] = RESHAPE(u) newShape=[2]
      i: i64[1,2] = CAST(u) outDataType=i64
      st: f32[1,2] = STABLEHLO_PAD(u, 0.0) edgePaddingLow=[0,0]
      both: f32[1,2] = ADD(u, u) MulOptions fusedActivationFunction=TANH StablehloIotaOptions iotaDimension=1
      gone: f32[1,2] = ADD(u, u) AddOptions null
      c: f32[1,2] = CALL(u) subgraph=1
      MUL(c, 1.0)
      input: f32[1,2] = NEG(c)
      z: f32[1,2] = ABS(input)
      output z
      graph {debugMetadataIndex=2}
      input a f32[1,2]
      output a`;
    const { module } = textGraph(text);
    const model = lower(module);
    const wanted = lines(text.replace('detailsType=0 ', '')).map((line) => line.replace(/ *#.*/, ''));
    const shown = lines(print(model)).map((line) => line.replace(/ *#.*/, ''));
    assert.deepEqual(shown, wanted);
    assertSays(model);
    assertSays(readModel(writeModel(model)));
  });

  it('summarises what is long: size, range, mean, hash', () => {
    const { module } = textGraph(
      'input x f32[1]\nconst w f32[100] = random 3\nconst n f32[20] = random 4\noutput x',
    );
    const nan = module.graphs[0]!.values.at(-1)!;
    const bytes = Uint8Array.from(nan.buffer.data as Uint8Array);
    new DataView(bytes.buffer).setFloat32(0, Number.NaN, true);
    nan.buffer.data = bytes;
    const text = print(lower(module));
    assert.match(
      text,
      /^const w f32\[100\] = sha256:[0-9a-f]{16} {2}# 400 bytes, -0\.\d+ … 0\.\d+, mean -?0\.\d+$/m,
    );
    assert.match(text, /^const n f32\[20\] = sha256:[0-9a-f]{16} {2}# 80 bytes, .* 1 not finite$/m);
    assertSays(lower(module));
    assert.throws(() => textGraph(text), /line 3, .*: nobody knows the bytes of sha256:/);
  });

  it('shortens names on request, where they stay unique', () => {
    const { module } = textGraph(
      'input model::a/x f32[1]\nmodel::b/x: f32[1] = NEG(model::a/x)\nmodel::y: f32[1] = NEG(model::b/x)\noutput model::y',
    );
    const shown = lines(print(lower(module), true)).slice(1);
    assert.deepEqual(shown, [
      'input model::a/x f32[1]',
      'model::b/x: f32[1] = NEG(model::a/x)',
      'y: f32[1] = NEG(model::b/x)',
      'output y',
    ]);
  });

  it('reads back what it prints of randomly changed attention blocks', () => {
    const all = blockLines();
    const random = seeded(5);
    let said = 0;
    for (let run = 0; run < 300; run++) {
      const line = all[Math.floor(random() * all.length)]!;
      const start = /^(\w+ =)/.exec(line)?.[1];
      if (!start) continue;
      let model: Model;
      try {
        model = lower(
          attentionBlock({ [start]: mutateLine(line, random, ['hidden', 'cos', 'mask']) }).module,
        );
        lift(model);
      } catch {
        continue;
      }
      assertSays(model);
      said++;
    }
    assert.ok(said > 100, `${said}`);
  });

  it('never fails, whatever the numbers in a model are', () => {
    let total = 0;
    for (let seed = 1; seed <= 20; seed++) total += print(randomModel(seeded(seed))).length;
    assert.ok(total > 100_000);
  });

  it('writes floats that read back, and no longer than needed', () => {
    const random = seeded(11);
    const view = new DataView(new ArrayBuffer(4));
    let checked = 0;
    for (let i = 0; i < 20_000; i++) {
      view.setUint32(0, Math.floor(random() * 2 ** 32));
      const value = view.getFloat32(0);
      if (!Number.isFinite(value)) continue;
      const text = float32Text(value);
      assert.ok(Object.is(Math.fround(Number(text)), value), text);
      assert.match(text, /[.e]/);
      const digits = text
        .replaceAll(/^-?[0.]*|e.*$/g, '')
        .replace('.', '')
        .replace(/0+$/, '').length;
      if (digits > 1) assert.notEqual(Math.fround(Number(value.toPrecision(digits - 1))), value, text);
      checked++;
    }
    assert.ok(checked > 19_000);
    assert.deepEqual(
      [0, -0, 0.1, 1, 1e-6, 3.4e38].map((x) => float32Text(Math.fround(x))),
      ['0.0', '-0.0', '0.1', '1.0', '0.000001', '3.4e+38'],
    );
    assert.deepEqual([Number.NaN, Infinity, -Infinity].map(float32Text), ['nan', 'inf', '-inf']);
    assert.deepEqual([0, 1023, 1024, 4.5 * 2 ** 20, 2 ** 40].map(sizeText), [
      '0 bytes',
      '1023 bytes',
      '1 KiB',
      '4.5 MiB',
      '1024 GiB',
    ]);
  });

  it('has a short name for every type', () => {
    const types = Object.values(TensorType).filter((type) => typeof type === 'number');
    assert.equal(new Set(types.map(typeName)).size, 26);
    for (const type of [...types, 77 as TensorType]) assert.equal(typeNamed(typeName(type)), type);
    assert.equal(typeNamed('f33'), undefined);
  });

  describe('on the reference data', () => {
    before(needShared);

    it('says every file: read back, nothing differs', () => {
      const files = goldenFiles();
      assert.ok(files.length >= 15);
      for (const file of files) assertSays(goldenModel(file));
    });
  });
});
