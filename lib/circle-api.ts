/**
 * ggma/circle: Circle files in programs. Read and write them, print, check and compare them, run the filters on them.
 *
 *     const opened = openCircle('decode_.circle');
 *     const { changed } = fuseAttention(opened.module);
 *     saveCircle('decode.circle', opened.module);
 *     opened.close();
 *
 * A file is a `CircleModel` (its tables as plain data) and a `Module` (the same as a graph of objects, which filters
 * edit). docs/filters.md shows both.
 */
import { fileURLToPath } from 'node:url';
import {
  chunksOf,
  dumpModel,
  layOut,
  type Model,
  openModel,
  printModel,
  readModel,
  type Verification,
  verifyModel,
  writeModel,
} from './circle/index.ts';
import { writeAtomically } from './cli/common/index.ts';
import { type Comparison, compareModules, type DiffOptions } from './ir/diff/index.ts';
import { lift, lower, Module } from './ir/graph/index.ts';

export type { Finding, FindingCode, Model as CircleModel, Verification } from './circle/index.ts';
export { GgmaError } from './errors.ts';
export type { Comparison, Difference, DifferenceKind, DiffOptions } from './ir/diff/index.ts';
export type { Graph, Module, Op, Signature, Value } from './ir/graph/index.ts';
export {
  applyFilter,
  downcastInputIds,
  fuseAttention,
  fuseBmmLhsConst,
  gc,
  mergeCircles,
  type Outcome,
  type Ports,
  quantize,
  removeIo,
  renameIoRemovePrefix,
  reorderOutputMove0ToLast,
  reshapeFcWeight,
  reshapeIo,
  selectOp,
  transposeIoKvcache,
} from './passes/index.ts';

/** An open file: its constants are read from it when something asks for them, so it may be larger than memory. */
export interface OpenCircle {
  /** The file's tables as plain data. */
  readonly model: Model;
  /** The same as a graph that filters edit. Made when it is first asked for. */
  readonly module: Module;
  /** Closes the file: constants can no longer be read. Written models do not need it. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Opens a Circle file.
 * @param file a path, or a file: URL
 * @throws GgmaError INPUT, IO, CIRCLE_CORRUPT, CIRCLE_UNSUPPORTED; by `module` CIRCLE_INVALID
 */
export function openCircle(file: string | URL): OpenCircle {
  const path = pathOf(file);
  const opened = openModel(path);
  const { model } = opened;
  let module: Module | null = null;
  let isOpen = true;
  const close = () => {
    if (isOpen) opened.close();
    isOpen = false;
  };
  return {
    model,
    get module() {
      module ??= lift(model);
      return module;
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** A Circle file in memory. Constants are views of `bytes`. @throws GgmaError CIRCLE_CORRUPT, CIRCLE_UNSUPPORTED */
export function readCircle(bytes: Uint8Array): Model {
  return readModel(bytes);
}

/** A model as a graph that filters edit. @throws GgmaError CIRCLE_INVALID */
export function moduleOf(model: Model): Module {
  return lift(model);
}

export interface WriteCircleOptions {
  /** Constants behind the flatbuffer, where offsets have 64 bits. Default: from 1 GiB on. */
  externalBuffers?: boolean;
}

/** The bytes of a Circle file. @throws GgmaError CIRCLE_RANGE, CIRCLE_TOO_LARGE */
export function writeCircle(model: Model | Module, options: WriteCircleOptions = {}): Uint8Array {
  return writeModel(plain(model), options);
}

/**
 * Writes a Circle file of any size, piece by piece. A file of that name is whole, or the old one.
 * @throws GgmaError OUTPUT, IO, CIRCLE_RANGE, CIRCLE_TOO_LARGE
 */
export function saveCircle(
  file: string | URL,
  model: Model | Module,
  options: WriteCircleOptions = {},
): void {
  writeAtomically(pathOf(file), chunksOf(layOut(plain(model), options)));
}

/** The text of `o2o print`. @param short names of tensors without their path */
export function printCircle(model: Model | Module, { short = false } = {}): string {
  return `${[...printModel(plain(model), { short })].join('\n')}\n`;
}

/** Every field of every table as JSON, in pieces: `o2o print --json`. */
export function dumpCircle(model: Model | Module): Iterable<string> {
  return dumpModel(plain(model));
}

/** Everything that is wrong with a model: `o2o verify`. Findings beyond the first 1,000 are counted only. */
export function verifyCircle(model: Model | Module): Verification {
  return verifyModel(plain(model));
}

/** Everything in which `b` differs from `a`, whatever their numbering: `o2o diff`. @throws GgmaError CIRCLE_INVALID */
export function diffCircles(a: Model | Module, b: Model | Module, options: DiffOptions = {}): Comparison {
  const graph = (model: Model | Module) => (model instanceof Module ? model : lift(model));
  const { differences, counts, maxDifference } = compareModules(graph(a), graph(b), options);
  return { differences, counts, maxDifference };
}

function plain(model: Model | Module): Model {
  return model instanceof Module ? lower(model) : model;
}

function pathOf(file: string | URL): string {
  return file instanceof URL ? fileURLToPath(file) : file;
}
