/** A plan's position tables as plain data: what goes into model.ggma, or from the thread that compiles to the main one. */
import { writeModel } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { lower } from '../ir/graph/index.ts';
import type { Plan } from './index.ts';

export interface TableData {
  /** Of each table. */
  widths: readonly number[];
  /** Positions 0 … rows − 1 are there. */
  rows: number;
  /** f32 [rows, width] of each table, one behind the other. */
  data: Uint8Array;
  /** A Circle file with the graph of all tables, which evaluates further rows. */
  graph: Uint8Array;
}

/** Room for 2,048 positions of a model with one RoPE and heads of 64. */
const TABLE_BYTES = 1 << 20;
/** The run time asks for that many at least. */
const MIN_ROWS = 32;

/**
 * @param limit positions that a context may have; more rows would never be used
 * @param tableBytes what the rows of all tables may take together
 */
export function tableData(plan: Plan, limit: number, tableBytes = TABLE_BYTES): TableData {
  const { tables } = plan;
  const widths = tables.map(({ width }) => width);
  if (widths.length === 0) return { widths, rows: 0, data: new Uint8Array(0), graph: new Uint8Array(0) };
  const rowBytes = 4 * widths.reduce((sum, width) => sum + width, 0);
  // The run time asks for blocks that end at powers of two, so a limit of 100 positions needs the rows up to 128.
  const wanted = Math.min(powerBelow(2 * limit - 1), powerBelow(tableBytes / rowBytes));
  const { rows, data } = firstRows(plan, Math.max(MIN_ROWS, wanted));
  return { widths, rows, data, graph: writeModel(lower(plan.positions())) };
}

/**
 * As many rows as can be evaluated, up to `wanted`: a graph that looks positions up in a table of its own ends with that
 * table, and still runs below.
 */
function firstRows({ tables }: Plan, wanted: number): { rows: number; data: Uint8Array } {
  for (let rows = wanted; ; rows = powerBelow(rows - 1)) {
    try {
      const parts = tables.map((table) => {
        const { buffer, byteOffset, byteLength } = table.evaluate(0, rows);
        return Buffer.from(buffer, byteOffset, byteLength);
      });
      return { rows, data: Buffer.concat(parts) };
    } catch (error) {
      if (!(error instanceof GgmaError) || rows <= 1) throw error;
    }
  }
}

/** The largest power of two up to `n`, and 1 at least. */
function powerBelow(n: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, n)));
}
