/**
 * merge.circles: several files become one, their subgraphs side by side, one signature per file.
 *
 *   BEFORE  A.circle, B.circle      AFTER  one module; signature "A" runs A's first subgraph, "B" B's
 *
 * Operator codes are shared; buffers are shared by content, so that prefill and decode hold one copy of the weights.
 * Version is the highest. `--sig-names "a;b"` names the signatures; a file that brings several of its own keeps them
 * when it is merged under no new name. The file `-` is standard input, or what comes down the chain.
 */
import { type ByteSource, type CircleBuffer, copyBytes, sameBytes } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { Module, type Signature, type Value } from '../ir/graph/index.ts';
import { type Source, STANDARD_INPUT, usageError } from './pass.ts';

export const mergeCircles: Source = {
  kind: 'source',
  name: 'merge.circles',
  summary: 'put Circle files side by side in one file, one signature each',
  usage: 'FILE… [--sig-names "a;b"]',
  example: ['prefill.circle', 'decode.circle'],
  prepare(words) {
    const files: string[] = [];
    let names: string[] | undefined;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (word === '--sig-names') names = namesIn(words[++i] ?? '');
      else if (word.startsWith('--sig-names=')) names = namesIn(word.slice('--sig-names='.length));
      else if (word.startsWith('--')) throw usageError(this, `unknown option '${word}'`);
      else files.push(word);
    }
    if (files.length === 0) throw usageError(this, 'expected at least one file');
    const keys = names ?? files.map(signatureKey);
    if (keys.length !== files.length || keys.some((key) => key === ''))
      throw usageError(this, `expected ${files.length} signature names, got '${keys.join(';')}'`);
    const isNameless = (file: string) => file === STANDARD_INPUT;
    if (names === undefined && files.some(isNameless))
      throw usageError(this, `expected --sig-names with '${STANDARD_INPUT}', which has no name of its own`);
    if (files.filter(isNameless).length > 1)
      throw usageError(this, `expected '${STANDARD_INPUT}' once, got it several times`);
    if (new Set(keys).size !== keys.length)
      throw usageError(
        this,
        `expected a name of its own for each signature, got '${keys.join(';')}'; use --sig-names`,
      );
    return { files, combine: (modules) => merge(modules, keys, files, names !== undefined) };
  },
};

function namesIn(word: string): string[] {
  return word.split(';').map((name) => name.trim());
}

/** File name without folders and `.circle`. */
function signatureKey(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.circle$/, '');
}

function merge(
  modules: readonly Module[],
  keys: readonly string[],
  files: readonly string[],
  areNamed: boolean,
): Module {
  const merged = new Module();
  merged.description = `Merged from ${files.map((file) => file.replace(/^.*[/\\]/, '')).join(', ')}`;
  merged.version = Math.max(0, ...modules.map((module) => module.version));
  merged.signatures = [];
  const pool = new BufferPool(merged);
  modules.forEach((module, i) => {
    const opcodes = new Map(module.opcodes.map((opcode) => [opcode, shareOpcode(merged, opcode)]));
    for (const graph of module.graphs) {
      for (const value of graph.values) value.buffer = pool.share(value.buffer);
      for (const op of graph.ops) op.opcode = opcodes.get(op.opcode) ?? op.opcode;
    }
    merged.graphs.push(...module.graphs);
    const metadata = module.metadata?.map(({ name, buffer }) => ({ name, buffer: pool.share(buffer) })) ?? [];
    if (metadata.length > 0) merged.metadata = [...(merged.metadata ?? []), ...metadata];
    merged.signatures!.push(...signaturesOf(module, keys[i]!, areNamed));
  });
  const clash = merged.signatures.find(
    ({ key }, i) => merged.signatures!.findIndex((s) => s.key === key) !== i,
  );
  if (clash)
    throw new GgmaError(
      'MERGE_SIGNATURES',
      `expected a name of its own for each signature, got '${clash.key}' twice; use --sig-names`,
    );
  return merged;
}

/**
 * The signatures of a file: its only one under the new key; several, when no name was asked for, as they are; or one
 * made of its first subgraph's inputs and outputs.
 */
function signaturesOf(module: Module, key: string, isNamed: boolean): Signature[] {
  const [own, ...more] = module.signatures ?? [];
  if (own && more.length === 0) return [{ ...own, key }];
  if (own && !isNamed) return [own, ...more];
  const graph = module.graphs[0];
  const port = (value: Value) => ({ name: value.name, value });
  return graph ? [{ key, graph, inputs: graph.inputs.map(port), outputs: graph.outputs.map(port) }] : [];
}

function shareOpcode(merged: Module, opcode: Module['opcodes'][number]): Module['opcodes'][number] {
  const text = JSON.stringify(opcode);
  const found = merged.opcodes.find((known) => JSON.stringify(known) === text);
  if (!found) merged.opcodes.push(opcode);
  return found ?? opcode;
}

/** Buffers by content; the empty ones are all the sentinel. */
class BufferPool {
  /** By size and a sample of the bytes: few others have to be compared whole, and none is held in memory. */
  readonly #alike = new Map<string, CircleBuffer[]>();
  readonly #shared = new Map<CircleBuffer, CircleBuffer>();
  readonly #merged: Module;

  constructor(merged: Module) {
    this.#merged = merged;
    merged.buffers.push({ data: null });
  }

  share(buffer: CircleBuffer): CircleBuffer {
    if (buffer.data === null) return this.#merged.sentinel;
    let found = this.#shared.get(buffer);
    if (!found) {
      found = this.#find(buffer, buffer.data);
      this.#shared.set(buffer, found);
    }
    return found;
  }

  #find(buffer: CircleBuffer, data: ByteSource): CircleBuffer {
    const sample = sampleOf(data);
    let alike = this.#alike.get(sample) ?? [];
    let known = alike.find((candidate) => sameBytes(candidate.data!, data));
    if (!known && alike.length >= CROWD) {
      // Constants that differ in few places only: from here on by all their bytes, or each would meet every other.
      const hash = `${sample}:${hashOf(data)}`;
      alike = this.#alike.get(hash) ?? [];
      known = alike.find((candidate) => sameBytes(candidate.data!, data));
      this.#alike.set(hash, alike);
    } else this.#alike.set(sample, alike);
    if (known) return known;
    alike.push(buffer);
    this.#merged.buffers.push(buffer);
    return buffer;
  }
}

const CROWD = 8;
const SAMPLE_SIZE = 128;

/** Size and bytes from the middle: trained weights that agree in these agree in all. */
function sampleOf(data: ByteSource): string {
  const sample = Buffer.alloc(Math.min(data.byteLength, SAMPLE_SIZE));
  copyBytes(data, Math.floor((data.byteLength - sample.byteLength) / 2), sample);
  return `${data.byteLength}:${sample.toString('latin1')}`;
}

/** A number from all the bytes, read in pieces (FNV-1a). Equal hashes are compared, so that it need not be a good one. */
function hashOf(data: ByteSource): number {
  const block = new Uint8Array(Math.min(data.byteLength, 2 ** 18));
  let hash = 0x811c9dc5;
  for (let from = 0; from < data.byteLength; from += block.byteLength) {
    const piece = block.subarray(0, Math.min(block.byteLength, data.byteLength - from));
    copyBytes(data, from, piece);
    for (let i = 0; i < piece.byteLength; i++) hash = Math.imul(hash ^ piece[i]!, 0x01000193);
  }
  return hash;
}
