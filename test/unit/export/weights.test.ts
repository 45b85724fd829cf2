import assert from 'node:assert/strict';
import { openHuggingFace } from '../../../lib/checkpoint/index.ts';
import { copyBytes, readBytes, TensorType } from '../../../lib/circle/index.ts';
import { Weights, type WeightsOptions } from '../../../lib/export/weights.ts';
import { floatTensor, scratchFolder, tinyConfig, writeModelDir } from '../../support/checkpoint.ts';

describe('export/weights', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    scratch = scratchFolder();
  });
  afterEach(() => scratch.remove());
  const nan = { dtype: 'F32', shape: [2], bytes: new Uint8Array(Float32Array.of(1, Number.NaN).buffer) };
  const open = (options: WeightsOptions = {}) => {
    writeModelDir(scratch.path, tinyConfig, {
      wide: floatTensor([4, 64], 1),
      narrow: floatTensor([4, 8], 2),
      norm: floatTensor([64], 3),
      nan,
    });
    return new Weights(openHuggingFace(scratch.path), options);
  };
  const floats = (bytes: Uint8Array) => [...new Float32Array(bytes.slice().buffer)];

  it('stores matrices as asked, and all else as f32', () => {
    const types = (options: WeightsOptions) => {
      const weights = open(options);
      return [
        weights.matrix('wide', [4, 64]).type,
        weights.matrix('narrow', [4, 8]).type,
        weights.vector('norm', 64).type,
      ];
    };
    const { FLOAT32, FLOAT16, GGML_Q8_0 } = TensorType;
    assert.deepEqual(types({}), [FLOAT32, FLOAT32, FLOAT32]);
    assert.deepEqual(types({ dtype: 'auto' }), [FLOAT32, FLOAT32, FLOAT32]);
    assert.deepEqual(types({ dtype: 'f16' }), [FLOAT16, FLOAT16, FLOAT32]);
    assert.deepEqual(types({ dtype: 'q8_0' }), [GGML_Q8_0, FLOAT32, FLOAT32]);
  });

  it('says which matrices blocks do not fit, and which tensors lie unused', () => {
    const said: string[] = [];
    const weights = open({ dtype: 'q4_0', onWarning: (message) => said.push(message) });
    weights.matrix('wide', [4, 64]);
    weights.matrix('narrow', [4, 8]);
    weights.warnUnused((name) => name === 'nan');
    assert.deepEqual(said, [
      'the graph does not use the tensors norm',
      "rows that are no multiple of q4_0's blocks of 32 stay f32: narrow",
    ]);
  });

  it('gives both graphs the same source, which a merge need not read to know', () => {
    const weights = open();
    assert.equal(weights.matrix('wide', [4, 64]), weights.matrix('wide', [4, 64]));
    assert.equal(weights.norm('norm', 64, true), weights.norm('norm', 64, true));
  });

  it('takes parts of a larger matrix', () => {
    const part = { tensor: 'wide', rows: 4, begin: 1 };
    const { source } = open().matrix('part', [2, 64], part);
    assert.deepEqual(readBytes(source), floatTensor([4, 64], 1).bytes.slice(256, 768));
  });

  it('adds one to norms of families that multiply by 1 + weight, unless the checkpoint has it', () => {
    const plain = floats(floatTensor([64], 3).bytes);
    const weights = open();
    assert.deepEqual(floats(readBytes(weights.norm('norm', 64, false).source)), plain);
    const more = plain.map((w) => Math.fround(1 + w));
    assert.deepEqual(floats(readBytes(open().norm('norm', 64, true).source)), more);
    const included = new Weights({ ...openHuggingFace(scratch.path), normsIncludeOne: true });
    assert.deepEqual(floats(readBytes(included.norm('norm', 64, true).source)), plain);
  });

  it('fault 10: says which tensor is missing or misshapen', () => {
    const weights = open();
    assert.throws(() => weights.matrix('absent', [1, 2]), {
      code: 'WEIGHTS',
      message: "expected the tensor 'absent' [1, 2], got none",
    });
    assert.throws(() => weights.matrix('wide', [64, 4]), {
      code: 'WEIGHTS',
      message: "expected [64, 4] for 'wide', got [4, 64]",
    });
  });

  it('fault 11: warns of values that are not finite, by name, when they are read', () => {
    const said: string[] = [];
    const weights = open({ onWarning: (message) => said.push(message) });
    readBytes(weights.vector('norm', 64).source);
    assert.deepEqual(said, []);
    const { source } = weights.vector('nan', 2);
    assert.deepEqual(said, []);
    copyBytes(source, 0, new Uint8Array(8));
    assert.deepEqual(said, ["'nan' holds values that are not finite"]);
  });
});
