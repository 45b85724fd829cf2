import assert from 'node:assert/strict';
import { readModel } from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { lift } from '../../../lib/ir/graph/index.ts';
import { packModel } from '../../../lib/make/index.ts';
import { compile, type Plan, tableData, tabulatePositions } from '../../../lib/plan/index.ts';
import { lilyDir } from '../../support/lily.ts';

describe('plan/table-data', () => {
  let plan: Plan;
  before(() => {
    plan = compile(packModel(lilyDir));
  });
  const rowBytes = () => 4 * plan.tables.reduce((sum, { width }) => sum + width, 0);

  it('has the rows that the tables themselves give, and the graph that gives the rest', () => {
    const { widths, rows, data, graph } = tableData(plan, 64);
    assert.deepEqual([[...widths], rows], [plan.tables.map(({ width }) => width), 64]);
    const floats = new Float32Array(new Uint8Array(data).buffer);
    const expected = plan.tables.flatMap((table) => [...table.evaluate(0, 64)]);
    assert.deepEqual([...floats], expected);
    const again = tabulatePositions(lift(readModel(graph)));
    for (const [i, table] of plan.tables.entries())
      assert.deepEqual(again[i]!.evaluate(64, 32), table.evaluate(64, 32));
  });

  it('has as many rows as the limit needs, in blocks that end at powers of two, and as the bytes allow', () => {
    const rows = (limit: number, bytes?: number) => tableData(plan, limit, bytes).rows;
    assert.deepEqual(
      [1, 32, 33, 64, 100, 128].map((limit) => rows(limit)),
      [32, 32, 64, 64, 128, 128],
    );
    assert.equal(rows(Infinity, 256 * rowBytes()), 256);
    assert.equal(rows(Infinity, 300 * rowBytes()), 256);
    assert.equal(rows(Infinity, 0), 32);
  });

  it('ends where a graph that looks positions up ends', () => {
    const end = 40;
    const tables = plan.tables.map(({ width, evaluate }) => ({
      width,
      evaluate: (first: number, count: number) => {
        if (first + count > end) throw new GgmaError('SHAPE_INVALID', 'beyond');
        return evaluate(first, count);
      },
    }));
    const short = { ...plan, tables, positions: () => plan.positions() };
    assert.equal(tableData(short, 128).rows, 32);
    const none = plan.tables.map(({ width }) => ({
      width,
      evaluate: (): Float32Array => {
        throw new GgmaError('SHAPE_INVALID', 'never');
      },
    }));
    assert.throws(() => tableData({ ...short, tables: none }, 128), { code: 'SHAPE_INVALID' });
  });

  it('of a model without position tables is empty', () => {
    const { rows, data, graph } = tableData({ ...plan, tables: [] }, 128);
    assert.deepEqual([rows, data.byteLength, graph.byteLength], [0, 0, 0]);
  });
});
