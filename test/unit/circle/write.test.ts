import assert from 'node:assert/strict';
import {
  BuiltinOptions,
  layOut,
  type Model,
  readModel,
  type WriteOptions,
  writeModel,
} from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { seeded } from '../../support/mutate.ts';
import { randomModel } from '../../support/random-model.ts';
import { weightsModel } from '../../support/weights-model.ts';

const small = () => weightsModel([new Uint8Array(64)]);

function refusal(model: Model, options?: WriteOptions): GgmaError {
  try {
    layOut(model, options);
  } catch (error) {
    assert.ok(error instanceof GgmaError, String(error));
    return error;
  }
  assert.fail('expected a refusal');
}

describe('circle/write', () => {
  it('refuses a number that its field cannot hold, with the path', () => {
    const cases: [(model: Model) => void, string, RegExp][] = [
      [(m) => (m.version = -1), 'version', /from 0 to 4294967295, got -1/],
      [(m) => (m.version = 2 ** 32), 'version', /got 4294967296/],
      [(m) => (m.version = 0.5), 'version', /got 0.5/],
      [(m) => (m.version = Number.NaN), 'version', /got NaN/],
      [
        (m) => (m.subgraphs![0]!.tensors![0]!.type = 128 as never),
        'subgraphs[0].tensors[0].type',
        /from -128 to 127/,
      ],
      [
        (m) => (m.subgraphs![0]!.tensors![1]!.shape = [1, 2 ** 31]),
        'subgraphs[0].tensors[1].shape[1]',
        /from -2147483648 to 2147483647, got 2147483648/,
      ],
      [
        (m) => (m.subgraphs![0]!.operators![0]!.builtinOptionsType = 256 as never),
        'subgraphs[0].operators[0].builtin_options_type',
        /from 0 to 255/,
      ],
      [
        (m) => (m.subgraphs![0]!.operators![0]!.largeCustomOptionsOffset = -1n),
        'subgraphs[0].operators[0].large_custom_options_offset',
        /from 0 to 18446744073709551615, got -1/,
      ],
      [
        (m) => (m.subgraphs![0]!.operators![0]!.largeCustomOptionsSize = 2n ** 64n),
        'subgraphs[0].operators[0].large_custom_options_size',
        /got 18446744073709551616/,
      ],
    ];
    for (const [change, path, message] of cases) {
      const model = small();
      change(model);
      const error = refusal(model);
      assert.deepEqual([error.code, error.path], ['CIRCLE_RANGE', path]);
      assert.match(error.message, message);
    }
  });

  it('refuses content of another kind, with the path', () => {
    const operator = (m: Model) => m.subgraphs![0]!.operators![0]!;
    const cases: [(model: Model) => void, string, RegExp][] = [
      [(m) => (m.description = 5 as never), 'description', /expected a string, got number/],
      [(m) => (m.version = '0' as never), 'version', /expected an integer, got string/],
      [(m) => (m.subgraphs![0]!.inputs = 0 as never), 'subgraphs[0].inputs', /expected a vector, got number/],
      [
        (m) => (m.subgraphs![0]!.inputs = ['0'] as never),
        'subgraphs[0].inputs[0]',
        /expected an integer, got string/,
      ],
      [
        (m) => (m.subgraphs![0]!.tensors![0]!.isVariable = 1 as never),
        'subgraphs[0].tensors[0].is_variable',
        /true or false/,
      ],
      [(m) => (m.operatorCodes![0] = null as never), 'operator_codes[0]', /expected a OperatorCode table/],
      [
        (m) => (operator(m).builtinOptionsType = 240 as never),
        'subgraphs[0].operators[0].builtin_options',
        /expected a member of BuiltinOptions with a table, got code 240/,
      ],
      [
        (m) => (operator(m).builtinOptionsType = BuiltinOptions.NONE),
        'subgraphs[0].operators[0].builtin_options',
        /got code 0/,
      ],
    ];
    for (const [change, path, message] of cases) {
      const model = small();
      change(model);
      const error = refusal(model);
      assert.deepEqual([error.code, error.path], ['CIRCLE_INVALID', path]);
      assert.match(error.message, message);
    }
  });

  it('puts large custom options behind the flatbuffer where the constants go, and reads them as before', () => {
    const model = small();
    const operator = model.subgraphs![0]!.operators![0]!;
    operator.customOptions = Uint8Array.from({ length: 100_000 }, (_, i) => i & 255);
    const external = writeModel(model, { externalBuffers: true });
    const { head, parts } = layOut(model, { externalBuffers: true });
    assert.ok(head.byteLength < 2000, `a head of ${head.byteLength} bytes`);
    assert.equal(parts.length, 2);
    for (const { position } of parts) assert.equal(position % 64, 0);
    assert.deepEqual(readModel(external), model);
    operator.customOptions = operator.customOptions.slice(0, 100);
    assert.equal(layOut(model, { externalBuffers: true }).parts.length, 1);
    assert.deepEqual(readModel(writeModel(model, { externalBuffers: true })), model);
  });

  it('moves constants behind the flatbuffer by itself from 1 GiB on', () => {
    const range = (byteLength: number) => ({
      byteLength,
      read: () => assert.fail(),
      copyTo: () => assert.fail(),
    });
    const model = (bytes: number) => weightsModel([range(bytes - 64) as never, new Uint8Array(64)]);
    const below = layOut(model(2 ** 30 - 16));
    const from = layOut(model(2 ** 30));
    assert.deepEqual([below.parts.length, from.parts.length], [4, 2]);
    const error = refusal(model(2 ** 31), { externalBuffers: false });
    assert.equal(error.code, 'CIRCLE_TOO_LARGE');
  });

  it('aligns every vector and scalar as the format asks: a strict reader takes what it writes', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const model = randomModel(seeded(seed));
      assert.deepEqual(readModel(writeModel(model)), model);
    }
  });
});
