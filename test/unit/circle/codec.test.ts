import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Model, readModel, writeModel } from '../../../lib/circle/index.ts';
import { tableOf, unionMember } from '../../../lib/circle/schema.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { flatcReader } from '../../support/flatc.ts';
import { seeded } from '../../support/mutate.ts';
import { needSharedDir } from '../../support/need.ts';
import { randomModel } from '../../support/random-model.ts';

/** What flatc's own reader says of the file: an oracle that shares no code with ours. */
let oracle: (bytes: Uint8Array) => unknown;
before(async () => {
  oracle = await flatcReader();
});

/** Our model brought to flatc's conventions, which do not tell absent from empty. */
function asFlatc(table: string, content: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const field of tableOf(table).fields) {
    if (field.deprecated) continue;
    const value = content[field.key] ?? (field.vector ? [] : field.scalar === null ? null : field.initial);
    if (field.scalar !== null) result[field.key] = field.vector ? listOf(value as ArrayLike<unknown>) : value;
    else if (field.kind === 'table' && field.vector)
      result[field.key] = (value as Record<string, unknown>[]).map((item) => asFlatc(field.type, item));
    else if (value === null || field.kind === 'string') result[field.key] = value;
    else {
      const code = content[`${field.key}Type`] as number;
      const name = field.kind === 'union' ? unionMember(field.type, code)! : field.type;
      result[field.key] = asFlatc(name, value as Record<string, unknown>);
    }
  }
  return result;
}

const LONG = 256;

function listOf(vector: ArrayLike<unknown>): unknown {
  return vector instanceof Uint8Array && vector.length > LONG ? vector : Array.from(vector);
}

/** Plain data without classes, for deepEqual. */
function plain(value: unknown): unknown {
  // flatc's unpack gives weights as number lists; as bytes they compare a hundred times faster.
  if (Array.isArray(value))
    return value.length > LONG && typeof value[0] === 'number'
      ? Uint8Array.from(value as number[])
      : value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function assertSameAsOracle(model: Model, bytes: Uint8Array): void {
  assert.deepEqual(asFlatc('Model', model as unknown as Record<string, unknown>), plain(oracle(bytes)));
}

/** Whether a damaged file ends with a GgmaError; nothing else may come of it but a model. */
function isRefused(bytes: Uint8Array): boolean {
  try {
    readModel(bytes);
    return false;
  } catch (error) {
    assert.ok(error instanceof GgmaError, String(error));
    return true;
  }
}

describe('circle codec on the golden files', () => {
  let files: string[] = [];
  before(function () {
    const golden = join(needSharedDir(this), 'golden');
    files = readdirSync(golden, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.circle'))
      .map((name) => join(golden, name));
    assert.ok(files.length > 0, 'expected .circle files in golden');
  });

  it('reads what flatc reads, and writes it back without loss', () => {
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(file));
      const model = readModel(bytes, file);
      assertSameAsOracle(model, bytes);
      const written = writeModel(model);
      assert.deepEqual(readModel(written), model, file);
      assertSameAsOracle(model, written);
      assert.deepEqual(writeModel(readModel(written)), written, file);
    }
  });

  it('keeps constants as views of the input, and writes them 16-byte aligned', () => {
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(file));
      let seen = 0;
      for (const { data } of readModel(bytes).buffers ?? []) {
        if (data === null) continue;
        assert.ok(data instanceof Uint8Array && data.buffer === bytes.buffer);
        seen++;
      }
      assert.ok(seen > 0, `expected constants in ${file}`);
      for (const { data } of readModel(writeModel(readModel(bytes))).buffers ?? [])
        if (data instanceof Uint8Array) assert.equal(data.byteOffset % 16, 0);
    }
  });

  it('round-trips data behind the flatbuffer, 64-byte aligned', () => {
    for (const file of files) {
      const model = readModel(new Uint8Array(readFileSync(file)));
      const external = writeModel(model, { externalBuffers: true });
      const again = readModel(external);
      assert.deepEqual(again, model, file);
      for (const { data } of again.buffers ?? [])
        if (data instanceof Uint8Array && data.byteLength > 0) assert.equal(data.byteOffset % 64, 0);
      assert.deepEqual(writeModel(again), writeModel(model), file);
    }
  });

  it('fault 12: ends with a GgmaError or a model on every truncation and byte flip tried', () => {
    const bytes = new Uint8Array(readFileSync(files[0]!));
    const random = seeded(1);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const changed = i % 2 === 0 ? bytes.slice(0, Math.floor(random() * bytes.length)) : bytes.slice();
      if (i % 2 === 1)
        for (let k = 0; k < 4; k++) changed[Math.floor(random() * bytes.length)]! ^= 1 << (8 * random());
      if (isRefused(changed)) refused++;
    }
    assert.ok(refused > 0);
  });
});

describe('circle codec on random models', () => {
  it('is lossless, presence included, and agrees with flatc', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const model = randomModel(seeded(seed));
      const bytes = writeModel(model);
      assert.deepEqual(readModel(bytes), model, `seed ${seed}`);
      assertSameAsOracle(model, bytes);
      assert.deepEqual(readModel(writeModel(model, { externalBuffers: true })), model, `seed ${seed}`);
    }
  });

  it('fault 12: flips in files of small tables end with a GgmaError or a model', () => {
    const bytes = writeModel(randomModel(seeded(7)));
    const random = seeded(8);
    let refused = 0;
    for (let i = 0; i < 1000; i++) {
      const changed = bytes.slice();
      for (let k = 0; k < 3; k++) changed[Math.floor(random() * bytes.length)] = Math.floor(256 * random());
      if (isRefused(changed)) refused++;
    }
    assert.ok(refused > 0);
  });

  it('keeps a byte order mark at the head of a name', () => {
    const model = { ...randomModel(seeded(9)), description: '\u{feff}name' };
    assert.equal(readModel(writeModel(model)).description, '\u{feff}name');
  });

  it('keeps names that are not UTF-8', () => {
    const bytes = writeModel({ ...randomModel(seeded(9)), description: 'AAAA-AAAA-AAAA' });
    const at = Buffer.from(bytes).indexOf('AAAA-AAAA-AAAA');
    assert.ok(at > 0);
    bytes.set([0xff, 0xed, 0xb2, 0x80, 0xc3], at);
    const model = readModel(bytes);
    assert.deepEqual(readModel(writeModel(model)), model);
    assert.ok(Buffer.from(writeModel(model)).includes(Buffer.from([0xff, 0xed, 0xb2, 0x80, 0xc3])));
  });
});
