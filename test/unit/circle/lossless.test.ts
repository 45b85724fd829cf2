/** Nothing is lost: random models over the whole schema, and complete dumps of the reference data. */
import assert from 'node:assert/strict';
import { dumpModel } from '../../../lib/circle/dump.ts';
import { readModel, writeModel } from '../../../lib/circle/index.ts';
import {
  type Field,
  tableNames,
  tableOf,
  unionCodes,
  unionMember,
  unionNames,
} from '../../../lib/circle/schema.ts';
import { goldenBytes, goldenFiles, goldenModel, needShared } from '../../support/goldens.ts';
import { seeded } from '../../support/mutate.ts';
import { bareModel, membersOf, randomModel } from '../../support/random-model.ts';

type Fields = Record<string, unknown>;

const models = () => [bareModel(), ...Array.from({ length: 12 }, (_, i) => randomModel(seeded(i + 1)))];

/** What occurs in models: tables, `Table.field` absent and present, members of enums and unions. */
class Coverage {
  readonly tables = new Set<string>();
  readonly absent = new Set<string>();
  readonly present = new Set<string>();
  readonly members = new Map<string, Set<number>>();

  walk(name: string, content: Fields): void {
    this.tables.add(name);
    for (const field of tableOf(name).fields) {
      const value = content[field.key];
      const key = `${name}.${field.name}`;
      const isDefault = value === null || value === undefined || Object.is(value, field.initial);
      (isDefault ? this.absent : this.present).add(key);
      if (value === null || value === undefined) continue;
      if (field.enum !== '')
        for (const number of field.vector ? Array.from(value as number[]) : [value])
          this.member(field.enum, number as number);
      if (field.kind === 'table' || field.kind === 'union') this.children(field, content, value);
    }
  }

  private children(field: Field, content: Fields, value: unknown): void {
    const code = content[`${field.key}Type`] as number;
    const name = field.kind === 'union' ? unionMember(field.type, code)! : field.type;
    for (const item of Array.isArray(value) ? value : [value]) this.walk(name, item as Fields);
  }

  private member(name: string, value: number): void {
    const seen = this.members.get(name) ?? new Set();
    this.members.set(name, seen.add(value));
  }
}

function fieldsOf(isWanted: (field: Field, table: string) => boolean): string[] {
  return tableNames.flatMap((table) =>
    tableOf(table)
      .fields.filter((field) => isWanted(field, table))
      .map((field) => `${table}.${field.name}`),
  );
}

const text = (model: Parameters<typeof dumpModel>[0]) => [...dumpModel(model)].join('');

describe('circle: lossless', () => {
  const coverage = new Coverage();
  before(() => {
    for (const model of models()) coverage.walk('Model', model as unknown as Fields);
  });

  it('random models use all 176 tables and every field, there and not there', () => {
    assert.equal(tableNames.length, 176);
    assert.deepEqual([...coverage.tables].sort(), [...tableNames].sort());
    // Where data lies is the writer's business; readers resolve it.
    const isPlace = (field: Field, table: string) =>
      (table === 'Buffer' && field.key !== 'data') || field.key.startsWith('largeCustomOptions');
    const all = fieldsOf((field, table) => !isPlace(field, table));
    assert.ok(all.length > 300, `${all.length} fields`);
    assert.deepEqual(
      all.filter((key) => !coverage.present.has(key)),
      [],
    );
    const references = fieldsOf((field) => (field.vector || field.scalar === null) && field.kind !== 'union');
    assert.ok(references.length > 80, `${references.length} references`);
    assert.deepEqual(
      references.filter((key) => !coverage.absent.has(key)),
      [],
    );
  });

  it('random models use every code of the 4 unions, and the extremes of every enum', () => {
    assert.equal(unionNames.length, 4);
    for (const union of unionNames)
      assert.deepEqual(
        [...coverage.members.get(union)!].sort((a, b) => a - b),
        unionCodes(union).sort((a, b) => a - b),
        union,
      );
    const enums = new Set(tableNames.flatMap((table) => tableOf(table).fields.map((field) => field.enum)));
    for (const name of ['', ...unionNames]) enums.delete(name);
    assert.equal(enums.size, 19);
    let strange = 0;
    for (const name of enums) {
      const [members, seen] = [membersOf(name), coverage.members.get(name)!];
      // The one field of DataFormat is deprecated, and only there where it is not the default.
      const isFull = name === 'DataFormat' || seen.has(members[0]!);
      assert.ok(isFull && seen.has(members.at(-1)!), `${name}: ${[...seen]}`);
      if ([...seen].some((value) => !members.includes(value))) strange++;
    }
    assert.ok(strange > 5, 'numbers that are no members');
  });

  it('read → write keeps every field of random models', () => {
    for (const [i, model] of models().entries()) {
      const before = text(model);
      assert.ok(i === 0 || before.length > 50_000);
      const again = readModel(writeModel(model));
      assert.deepEqual(again, model, `model ${i}`);
      assert.equal(text(again), before, `model ${i}`);
    }
  });

  it('the dump is JSON that has each field of the schema under its name', () => {
    const parsed = JSON.parse(text(randomModel(seeded(1)))) as Fields;
    const keys = (table: string) => tableOf(table).fields.map(({ name }) => name);
    assert.deepEqual(Object.keys(parsed), keys('Model'));
    const [subgraph] = parsed.subgraphs as Fields[];
    assert.deepEqual(Object.keys(subgraph!), keys('SubGraph'));
    for (const operator of subgraph!.operators as Fields[])
      assert.deepEqual(Object.keys(operator), keys('Operator'));
    for (const tensor of subgraph!.tensors as Fields[]) assert.deepEqual(Object.keys(tensor), keys('Tensor'));
  });

  it('the dump sees a change in any field: NaN payloads, absent against empty, big integers', () => {
    const model = () => randomModel(seeded(2));
    const base = text(model());
    const tensor = (m: ReturnType<typeof model>) => m.subgraphs![0]!.tensors![0]!;
    const quantization = (m: ReturnType<typeof model>) => (tensor(m).quantization ??= null as never);
    const changes: ((m: ReturnType<typeof model>) => void)[] = [
      (m) => (m.version = 12345),
      (m) => (m.description = `${m.description}.`),
      (m) => (m.buffers!.at(-1)!.data = null),
      (m) => (m.buffers!.at(-1)!.data = Uint8Array.of(1)),
      (m) => (tensor(m).shape = tensor(m).shape === null ? [] : null),
      (m) => (quantization(m).scale = new Float32Array(Uint32Array.of(0x7fc00001).buffer)),
      (m) => (quantization(m).scale = new Float32Array(Uint32Array.of(0x7fc00002).buffer)),
      (m) => (quantization(m).scale = Float32Array.of(-0)),
      (m) => (quantization(m).zeroPoint = [2n ** 63n - 1n]),
      (m) => (quantization(m).zeroPoint = [2n ** 63n - 2n]),
    ];
    const texts = new Set([base]);
    for (const change of changes) {
      const changed = model();
      change(changed);
      texts.add(text(changed));
    }
    assert.equal(texts.size, changes.length + 1);
  });

  describe('on the reference data', () => {
    before(needShared);

    it('complete dumps are equal before and after read → write, data inside or behind the flatbuffer', () => {
      const files = goldenFiles();
      assert.ok(files.length >= 15, `${files.length} files`);
      for (const file of files) {
        const model = goldenModel(file);
        const dump = text(model);
        assert.ok(dump.length > 100_000, file);
        assert.equal(text(readModel(writeModel(model))), dump, file);
        assert.equal(text(readModel(writeModel(model, { externalBuffers: true }))), dump, file);
        assert.equal(text(readModel(goldenBytes(file))), dump, file);
      }
    });
  });
});
