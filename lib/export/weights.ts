/** The checkpoint's tensors as constants of the graphs: found by name, checked against config.json, converted as asked. */
import {
  type Checkpoint,
  type CheckpointTensor,
  fitsRows,
  rowsOf,
  type StoredDtype,
  type StoredTensor,
  stored,
} from '../checkpoint/index.ts';
import { GgmaError } from '../errors.ts';
import type { Part } from './families/index.ts';

export interface WeightsOptions {
  /**
   * How matrices are stored: 'auto' keeps the checkpoint's type. Norms and biases are always f32, because no
   * operator takes them in another type. Default 'f32'.
   */
  dtype?: StoredDtype | undefined;
  /** Called with a tensor's name before it is read, which may be when a file is written. */
  onRead?: ((name: string) => void) | undefined;
  /** Called for what is odd but does not stop the export; for values that are not finite, when they are read. */
  onWarning?: ((message: string) => void) | undefined;
}

export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #options: WeightsOptions;
  readonly #used = new Set<string>();
  /** Both graphs get the same source object for a tensor, so that a merge need not read it to see that they are equal. */
  readonly #made = new Map<string, StoredTensor>();
  /** Matrices that stay f32. */
  readonly #unfit = new Set<string>();

  constructor(checkpoint: Checkpoint, options: WeightsOptions = {}) {
    this.#checkpoint = checkpoint;
    this.#options = options;
  }

  /** The shape in the checkpoint, or undefined when there is no such tensor. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.#checkpoint.tensors.get(name)?.shape;
  }

  /**
   * A matrix [rows, columns], or a part of the rows of a larger one, in the type that was asked for.
   * @throws GgmaError WEIGHTS: name, want, got
   */
  matrix(name: string, shape: readonly number[], part?: Part): StoredTensor {
    return this.#stored(name, () => {
      const [rows, columns] = shape as [number, number];
      const tensor = part
        ? rowsOf(this.#tensor(part.tensor, [part.rows, columns]), part.begin, rows)
        : this.#tensor(name, shape);
      return stored(tensor, this.#dtypeFor(name, columns), this.#watching);
    });
  }

  /** A vector as float32. @throws GgmaError WEIGHTS: name, want, got */
  vector(name: string, length: number): StoredTensor {
    return this.#stored(name, () => stored(this.#tensor(name, [length]), 'f32', this.#watching));
  }

  /** The factor of a norm. @param addsOne the family multiplies by 1 + weight @throws GgmaError WEIGHTS */
  norm(name: string, length: number, addsOne: boolean): StoredTensor {
    const addOne = addsOne && !this.#checkpoint.normsIncludeOne;
    return this.#stored(name, () =>
      stored(this.#tensor(name, [length]), 'f32', { ...this.#watching, addOne }),
    );
  }

  /**
   * Warns, once a graph is complete, of tensors that no part of it has used: a bias that config.json does not mention,
   * say, would change the numbers; and of matrices that could not be stored as asked.
   * @param isKnown names that may lie unused
   */
  warnUnused(isKnown: (name: string) => boolean): void {
    const names = [...this.#checkpoint.tensors.keys()];
    const unused = names.filter((name) => !this.#used.has(name) && !isKnown(name));
    if (unused.length > 0) this.#warn(`the graph does not use the tensors ${listOf(unused)}`);
    if (this.#unfit.size > 0)
      this.#warn(
        `rows that are no multiple of ${this.#options.dtype}'s blocks of 32 stay f32: ${listOf([...this.#unfit])}`,
      );
  }

  #warn(message: string): void {
    this.#options.onWarning?.(message);
  }

  get #watching() {
    const { onRead, onWarning } = this.#options;
    const onNotFinite = (name: string) => onWarning?.(`'${name}' holds values that are not finite`);
    return { onRead, onNotFinite: onWarning && onNotFinite };
  }

  #dtypeFor(name: string, columns: number): StoredDtype {
    const { dtype = 'f32' } = this.#options;
    if (fitsRows(dtype, columns)) return dtype;
    this.#unfit.add(name);
    return 'f32';
  }

  #stored(name: string, make: () => StoredTensor): StoredTensor {
    const known = this.#made.get(name) ?? make();
    this.#made.set(name, known);
    return known;
  }

  #tensor(name: string, shape: readonly number[]): CheckpointTensor {
    const tensor = this.#checkpoint.tensors.get(name);
    const wanted = `[${shape.join(', ')}]`;
    if (!tensor)
      throw new GgmaError('WEIGHTS', `expected the tensor '${name}' ${wanted}, got none`, {
        path: this.#checkpoint.path,
      });
    if (String(tensor.shape) !== String(shape))
      throw new GgmaError('WEIGHTS', `expected ${wanted} for '${name}', got [${tensor.shape.join(', ')}]`, {
        path: tensor.path,
      });
    this.#used.add(name);
    return tensor;
  }
}

function listOf(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${names.slice(0, 3).join(', ')}${more}`;
}
