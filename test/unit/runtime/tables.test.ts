import assert from 'node:assert/strict';
import { PositionTables } from '../../../lib/runtime/tables.ts';

describe('runtime/tables', () => {
  /** A program that keeps rows, and tables whose rows are their positions. */
  function made({
    maxPositions,
    loadTables,
  }: {
    maxPositions?: number;
    loadTables?: (end: number) => Promise<void> | null;
  } = {}) {
    const rows: number[][] = [[], []];
    const program = {
      setTable(table: number, first: number, data: Float32Array) {
        assert.ok(first <= rows[table]!.length, `a gap before ${first}`);
        rows[table]!.splice(first, data.length, ...data);
      },
    };
    const table = {
      width: 1,
      evaluate: (first: number, count: number) => Float32Array.from({ length: count }, (_, i) => first + i),
    };
    const tables = new PositionTables(program, {
      tables: [table, table],
      ...(maxPositions === undefined ? {} : { maxPositions }),
      ...(loadTables === undefined ? {} : { loadTables }),
    });
    return { rows, tables };
  }
  const upTo = (end: number) => Array.from({ length: end }, (_, i) => i);

  it('doubles its blocks, up to a limit, and ends where the model does', () => {
    const { rows, tables } = made({ maxPositions: 2500 });
    for (const [end, have] of [
      [1, 32],
      [32, 32],
      [33, 64],
      [200, 256],
      [1025, 2048],
      [2049, 2500],
      [9999, 2500],
    ] as const) {
      assert.equal(tables.ensure(end), null);
      assert.deepEqual(rows, [upTo(have), upTo(have)], `for ${end}`);
    }
  });

  it('waits for what evaluates them, asked for the whole block, also by two at a time', async () => {
    const asked: number[] = [];
    let isLoaded = false;
    let finish = () => {};
    const loading = new Promise<void>((resolve) => {
      finish = () => {
        isLoaded = true;
        resolve();
      };
    });
    const { rows, tables } = made({
      loadTables: (end) => {
        asked.push(end);
        return end > 64 && !isLoaded ? loading : null;
      },
    });
    assert.equal(tables.ensure(40), null);
    const both = [tables.ensure(65), tables.ensure(300)];
    assert.ok(both.every((promise) => promise !== null));
    assert.equal(tables.ensure(50), null);
    assert.deepEqual(rows[0], upTo(64));
    finish();
    await Promise.all(both);
    assert.deepEqual(rows, [upTo(512), upTo(512)]);
    assert.deepEqual(asked, [64, 128, 512]);
  });
});
