/** The filters as functions, for programs: each edits a module in place and says what it found, as its command does. */
import type { FloatEncodingName } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import type { Module } from '../ir/graph/index.ts';
import type { Outcome } from './pass.ts';
import { findPass } from './registry.ts';

/** Graph inputs or outputs. */
export type Ports = 'input' | 'output';

/** A filter by its name, with the words of its command line: `applyFilter(module, 'reshape.io', 'input', …)`. */
export function applyFilter(module: Module, name: string, ...words: string[]): Outcome {
  const pass = findPass(name);
  if (pass?.kind !== 'filter') throw new GgmaError('OPTION', `expected the name of a filter, got '${name}'`);
  return asOption(() => pass.prepare(words))(module);
}

/**
 * Several modules side by side in one: what is called `name` here becomes the signature `name`. The modules given are
 * used up: their graphs become the result's.
 * @throws GgmaError OPTION for no module or an empty name, MERGE_SIGNATURES
 */
export function mergeCircles(modules: Readonly<Record<string, Module>>): Module {
  const names = Object.keys(modules);
  const pass = findPass('merge.circles');
  if (pass?.kind !== 'source') throw new Error('merge.circles takes files');
  if (names.length === 0) throw new GgmaError('OPTION', 'expected at least one module to merge, got none');
  // A list of names is separated by semicolons on the command line, so that none can have one.
  const odd = names.find((name) => name.trim() !== name || name === '' || /[;/\\]/.test(name));
  if (odd !== undefined)
    throw new GgmaError(
      'OPTION',
      `expected names of signatures without ; / \\ and spaces around them, got ${JSON.stringify(odd)}`,
    );
  const { combine } = asOption(() =>
    pass.prepare([...names.map((name) => `./${name}.circle`), '--sig-names', names.join(';')]),
  );
  return combine(Object.values(modules));
}

/** Every attention block of a decode graph becomes one ATTENTION operator. */
export function fuseAttention(module: Module): Outcome {
  return applyFilter(module, 'fuse.attention');
}

/** Every graph input (output) of the shape `from` gets the shape `to`. */
export function reshapeIo(
  module: Module,
  ports: Ports,
  from: readonly number[],
  to: readonly number[],
): Outcome {
  return applyFilter(module, 'reshape.io', ports, '--by_shape', `[${from.join()}]`, `[${to.join()}]`);
}

/** The caches that ATTENTION reads are declared as [1, rows, kv_heads, head_dim]. */
export function transposeIoKvcache(module: Module): Outcome {
  return applyFilter(module, 'transpose.io.kvcache');
}

/** TRANSPOSE(BATCH_MATMUL(constant, x)) becomes FULLY_CONNECTED(x, constant). */
export function fuseBmmLhsConst(module: Module): Outcome {
  return applyFilter(module, 'fuse.bmm_lhs_const');
}

/** Graph inputs that GATHER reads as ids become INT32. */
export function downcastInputIds(module: Module): Outcome {
  return applyFilter(module, 'downcast.input_ids');
}

/** Removes everything that nothing needs. */
export function gc(module: Module): Outcome {
  return applyFilter(module, 'gc');
}

/**
 * Matrices of weights are stored in a narrower type; they are converted when the model is written.
 * @param keep names of tensors that stay as they are; * stands for any characters
 */
export function quantize(
  module: Module,
  { dtype, keep = [] }: { dtype: FloatEncodingName; keep?: readonly string[] },
): Outcome {
  return applyFilter(module, 'quantize', '--dtype', dtype, ...(keep.length > 0 ? ['--keep', ...keep] : []));
}

/** Only some graph inputs (outputs) stay: those with these names, or those with these numbers, from 0 on. */
export function removeIo(
  module: Module,
  ports: Ports,
  keep: { names: readonly string[] } | { ids: readonly number[] },
): Outcome {
  const words = 'names' in keep ? ['--keep_by_name', ...keep.names] : ['--keep_by_id', keep.ids.join()];
  return applyFilter(module, 'remove.io', ports, ...words);
}

/** Takes a prefix off the names of graph inputs and outputs. */
export function renameIoRemovePrefix(module: Module, prefix: string): Outcome {
  return applyFilter(module, 'rename.io.remove_prefix', prefix);
}

/** The first graph output becomes the last. */
export function reorderOutputMove0ToLast(module: Module): Outcome {
  return applyFilter(module, 'reorder.output.move_0_to_last');
}

/** FULLY_CONNECTED weights of shape [1, …, 1, out, in] get the shape [out, in]. */
export function reshapeFcWeight(module: Module): Outcome {
  return applyFilter(module, 'reshape.fc_weight');
}

/** Only these operators of the first subgraph stay. */
export function selectOp(module: Module, ids: readonly number[]): Outcome {
  return applyFilter(module, 'select.op', '--by_id', ids.join());
}

/** Wrong words are the caller's options here, not a command line. */
function asOption<T>(prepare: () => T): T {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof GgmaError) || error.code !== 'USAGE') throw error;
    throw new GgmaError('OPTION', error.message.replace(/; usage: .*$/s, ''), { cause: error });
  }
}
