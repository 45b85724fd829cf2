/** Position tables of a prepared package: the first rows are there; the graph behind them is read beyond them only. */
import { GgmaError } from '../../errors.ts';
import type { PlanTable, TableData } from '../../plan/index.ts';
import type { PositionTable } from '../../runtime/index.ts';

export class PreparedTables {
  readonly tables: PositionTable[];
  readonly #rows: number;
  readonly #graph: Uint8Array;
  readonly #widths: readonly number[];
  readonly #path: string;
  #evaluated: readonly PlanTable[] = [];
  #loading: Promise<void> | null = null;

  /** @throws GgmaError PREPARED when the data is not as long as the tables are */
  constructor({ widths, rows, data, graph }: TableData, path: string) {
    this.#rows = rows;
    this.#graph = graph;
    this.#widths = widths;
    this.#path = path;
    const total = widths.reduce((sum, width) => sum + width, 0);
    if (data.byteLength !== 4 * rows * total)
      throw this.#error(`${rows} rows of ${total} floats`, `${data.byteLength} bytes`);
    const floats = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    let at = 0;
    this.tables = widths.map((width, i) => {
      const table = floats.subarray(at, at + rows * width);
      at += rows * width;
      return {
        width,
        evaluate: (first, count) =>
          first + count <= rows
            ? table.subarray(first * width, (first + count) * width)
            : this.#evaluated[i]!.evaluate(first, count),
      };
    });
  }

  /** Before rows of positions below `end` are evaluated: null when they are there, else when they can be. */
  load(end: number): Promise<void> | null {
    if (end <= this.#rows || this.#widths.length === 0 || this.#evaluated.length > 0) return null;
    this.#loading ??= this.#readGraph().catch((cause: unknown) => {
      this.#loading = null;
      throw cause;
    });
    return this.#loading;
  }

  async #readGraph(): Promise<void> {
    const { tabulateCircle } = await import('./positions.ts');
    const tables = tabulateCircle(this.#graph, `${this.#path} (positions)`);
    const widths = tables.map(({ width }) => width);
    if (String(widths) !== String(this.#widths))
      throw this.#error(`tables of ${this.#widths.join(', ')} floats`, widths.join(', '));
    this.#evaluated = tables;
  }

  #error(expected: string, got: string): GgmaError {
    return new GgmaError('PREPARED', `expected ${expected} for the position tables, got ${got}`, {
      path: this.#path,
    });
  }
}
