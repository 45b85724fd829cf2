/** What is fuzzed: every reader of bytes from outside, each with a small file, the demo's file, and a way to run it. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openGguf, openHuggingFace, readFloats } from '../../lib/checkpoint/index.ts';
import { chunksOf, layOut, readBytes, readModel, writeModel } from '../../lib/circle/index.ts';
import { GgmaError } from '../../lib/errors.ts';
import { exportDecode, exportInput, openHf, readModelConfig } from '../../lib/export/index.ts';
import { lift, lower } from '../../lib/ir/graph/index.ts';
import { parseJsonObject } from '../../lib/json.ts';
import { packModel, writePrepared } from '../../lib/make/index.ts';
import { createEngine, type Engine } from '../../lib/native.ts';
import { load, readConfig } from '../../lib/package/index.ts';
import { compile, type Plan } from '../../lib/plan/index.ts';
import { loadSentencePiece, loadTokenizerJson, readSentencePieceModel } from '../../lib/text/index.ts';
import { safetensors, tinyConfig, tinyTensors, writeModelDir } from '../support/checkpoint.ts';
import { convertedBytes } from '../support/gguf.ts';
import { lilyDir } from '../support/lily.ts';
import { tinyLlama, tinyShape } from '../support/program.ts';
import { textGraph } from '../support/text-graph.ts';

export interface Target {
  /** A whole file of at most 8 KB, every truncation of which is tried. */
  small(): Uint8Array | null;
  /** The demo's. */
  demo(): Uint8Array | Promise<Uint8Array>;
  /** Places in the demo's file where something ends. */
  borders(demo: Uint8Array): number[];
  /** Bytes of the demo's file before the weights, or wherever it is read most. */
  metadata(demo: Uint8Array): number;
  /** Throws GgmaError for what it refuses. */
  run(bytes: Uint8Array): void | Promise<void>;
  /** Campaigns are shortened by this where a run is slow. */
  slowness?: number;
}

const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-fuzz-'));
const all = (bytes: Uint8Array) => bytes.byteLength;
const lily = (name: string) => new Uint8Array(readFileSync(path.join(lilyDir, name)));

/** Writes the bytes as a file of a directory that is complete otherwise. */
function fileIn(dir: string, name: string, bytes: Uint8Array): string {
  const file = path.join(dir, name);
  writeFileSync(file, bytes);
  return file;
}

/** Ends of JSON values and names: where a truncation leaves the grammar in another state. */
function jsonBorders(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let i = 0; i < bytes.byteLength; i++)
    if ('{}[]",:'.includes(String.fromCharCode(bytes[i]!))) found.push(i, i + 1);
  return found;
}

/** The tiny model of the export tests, as a Hugging Face directory. */
const tinyDir = () => writeModelDir(path.join(scratch, 'tiny'), tinyConfig, tinyTensors());

function circleBorders(bytes: Uint8Array): number[] {
  const layout = layOut(readModel(bytes));
  const parts = layout.parts.flatMap(({ position, data }) => [position, position + data.byteLength]);
  return [0, 4, 8, layout.head.byteLength, ...parts];
}

const smallGraph = `
  input  x f32[1,3,4]
  const  w f32[6,4] = random 1
  y = FULLY_CONNECTED(x, w, -) keepNumDims=true
  lo, hi = SPLIT(2, y) numSplits=2
  z = ADD(lo, hi)
  t = TRANSPOSE(z, [0,2,1])
  s = SOFTMAX(t)
  c = CONCATENATION(s, s) axis=1
  output c
`;

const circle: Target = {
  small: () => writeModel(lower(textGraph(smallGraph).module)),
  demo: () => writeModel(lower(packModel(lilyDir))),
  borders: circleBorders,
  metadata: (demo) => layOut(readModel(demo)).head.byteLength,
  run(bytes) {
    let size = 0;
    // What was accepted can be written again.
    for (const chunk of chunksOf(layOut(lower(lift(readModel(bytes)))))) size += chunk.byteLength;
    if (size === 0) throw new Error('nothing was written');
  },
  slowness: 4,
};

/** Compiled and run: a file that passes every check computes, or says why it does not. */
const model: Target = {
  small: () => null, // as of `circle`
  demo: () => writeModel(lower(packModel(tinyDir()))),
  borders: circleBorders,
  metadata: (demo) => layOut(readModel(demo)).head.byteLength,
  async run(bytes) {
    const dir = path.join(scratch, 'package');
    mkdirSync(dir, { recursive: true });
    fileIn(dir, 'model.circle', bytes);
    writeFileSync(path.join(dir, 'config.json'), JSON.stringify(tinyConfig));
    const loaded = await load(dir, { threads: 1 });
    try {
      await loaded.complete([1, 2, 3], { maxTokens: 4, ignoreEos: true });
    } finally {
      await loaded.close();
    }
  },
  slowness: 8,
};

/** Beside a model that is sound: a file that is refused is one that `load` does without. */
function preparedTarget(): Target {
  const dir = path.join(scratch, 'prepared');
  let endOfTables = 0;
  return {
    small: () => null, // weights lie at 64 KiB
    async demo() {
      mkdirSync(dir, { recursive: true });
      fileIn(dir, 'model.circle', writeModel(lower(packModel(tinyDir()))));
      fileIn(dir, 'config.json', Buffer.from(JSON.stringify(tinyConfig)));
      // Few rows, so that the graph of the tables is read too.
      return new Uint8Array(readFileSync(await writePrepared(dir, 0)));
    },
    borders(demo) {
      const length = new DataView(demo.buffer).getUint32(12, true);
      const { sections } = JSON.parse(Buffer.from(demo.subarray(16, 16 + length)).toString()) as {
        sections: Record<string, [number, number]>;
      };
      endOfTables = sections.tables![0] + sections.tables![1];
      return [8, 12, 16, 16 + length, ...Object.values(sections).flatMap(([at, size]) => [at, at + size])];
    },
    metadata: () => endOfTables,
    async run(bytes) {
      fileIn(dir, 'model.ggma', bytes);
      const loaded = await load(dir, { threads: 1 });
      try {
        const refusal = loaded.warnings.find((warning) => warning.includes('model.ggma'));
        await loaded.complete(new Array<number>(30).fill(1), { maxTokens: 8, ignoreEos: true });
        if (refusal !== undefined) throw new GgmaError('PREPARED', refusal);
      } finally {
        await loaded.close();
      }
    },
    slowness: 20,
  };
}

const weights: Target = {
  small: () => safetensors(tinyTensors()),
  demo: () => lily('model.safetensors'),
  borders: (demo) => {
    const length = Number(new DataView(demo.buffer).getBigUint64(0, true));
    const header = JSON.parse(Buffer.from(demo.subarray(8, 8 + length)).toString()) as Record<
      string,
      { data_offsets?: [number, number] }
    >;
    const ends = Object.values(header).flatMap(({ data_offsets: at = [0, 0] }) =>
      at.map((x) => x + 8 + length),
    );
    return [0, 7, 8, 9, 8 + length, ...ends];
  },
  metadata: (demo) => 8 + Number(new DataView(demo.buffer).getBigUint64(0, true)),
  run(bytes) {
    const isTiny = bytes.byteLength <= 8192;
    const dir = path.join(scratch, isTiny ? 'tiny' : 'lily');
    mkdirSync(dir, { recursive: true });
    fileIn(dir, 'config.json', isTiny ? Buffer.from(JSON.stringify(tinyConfig)) : lily('config.json'));
    fileIn(dir, 'model.safetensors', bytes);
    const hf = openHf(dir);
    if (isTiny) for (const chunk of chunksOf(layOut(lower(exportDecode(hf))))) chunk.at(0);
    else readBytes(hf.weights.vector('model.norm.weight', 64).source);
  },
};

const config: Target = {
  small: () => Buffer.from(JSON.stringify({ ...tinyConfig, eos_token_id: [1, 2], rope_scaling: null })),
  demo: () => lily('config.json'),
  borders: jsonBorders,
  metadata: all,
  run(bytes) {
    const json = parseJsonObject(bytes, 'config.json');
    readConfig(json, 'config.json');
    readModelConfig(json, 'config.json');
  },
};

const tokenizerJson: Target = {
  small: () => {
    const { added_tokens: added, ...json } = JSON.parse(Buffer.from(lily('tokenizer.json')).toString()) as {
      added_tokens: object[];
      model: { vocab: Record<string, number>; merges: unknown[] };
    };
    const vocab = Object.fromEntries(Object.entries(json.model.vocab).slice(0, 300));
    const merges: unknown[] = [];
    return Buffer.from(
      JSON.stringify({ ...json, added_tokens: added, model: { ...json.model, vocab, merges } }),
    );
  },
  demo: () => lily('tokenizer.json'),
  borders: (demo) => jsonBorders(demo).filter((_, i) => i % 11 === 0),
  metadata: all,
  async run(bytes) {
    const tokenizer = await loadTokenizerJson(fileIn(scratch, 'tokenizer.json', bytes));
    tokenizer.decode(tokenizer.encode('Once upon a time 🙂 </s>'));
  },
  slowness: 4,
};

let accepted = 0;

const sentencePiece: Target = {
  small: () => firstPieces(lily('tokenizer.model'), 280),
  demo: () => lily('tokenizer.model'),
  borders: (demo) => Array.from({ length: 300 }, (_, i) => Math.floor((i * demo.byteLength) / 300)),
  metadata: all,
  async run(bytes) {
    readSentencePieceModel(bytes, 'tokenizer.model');
    // The library starts a WASM machine for each file: only now and then.
    if (accepted++ % 50 !== 0) return;
    const tokenizer = await loadSentencePiece(fileIn(scratch, 'tokenizer.model', bytes));
    tokenizer.decode(tokenizer.encode('Once upon a time 🙂 </s>'));
  },
};

/** The model with fewer pieces (field 1 of the message; each has a tag, a length of one byte and its content). */
function firstPieces(model: Uint8Array, count: number): Uint8Array {
  const kept: number[] = [];
  let at = 0;
  for (let i = 0; model[at] === 0x0a; i++) {
    const end = at + 2 + model[at + 1]!;
    if (i < count) kept.push(...model.subarray(at, end));
    at = end;
  }
  return Uint8Array.from([...kept, ...model.subarray(at)]);
}

/** Programs that the decoder accepts are run: the executor must not read or write outside of what they declare. */
function programTarget(): Target {
  let engine: Engine | null = null;
  let uses = 0;
  let plan: Plan | null = null;
  const demoPlan = () => {
    plan ??= compile(packModel(lilyDir));
    return plan;
  };
  const tiny = tinyLlama({ ...tinyShape, layers: 1 });
  return {
    small: () => tiny.program,
    demo: () => demoPlan().program,
    borders: (demo) => {
      const words = new Uint32Array(demo.buffer, demo.byteOffset, 24);
      return [...words.map((word) => Math.min(word, demo.byteLength)), ...Array.from(words, (_, i) => 4 * i)];
    },
    metadata: all,
    async run(bytes) {
      // A new engine now and then gives the memory of programs back that the collector has not found yet.
      if (++uses % 100 === 0) {
        await engine?.close();
        engine = null;
      }
      engine ??= createEngine({ threads: 1, budgetBytes: 64e6 });
      const isTiny = bytes.byteLength <= tiny.program.byteLength;
      const program = await engine.loadProgram(bytes, isTiny ? tiny.sources : demoPlan().sources);
      const width = isTiny ? tinyShape.headDim : 4;
      for (const table of [0, 1]) program.setTable(table, 0, new Float32Array(16 * width).fill(0.5));
      const sequence = program.createSequence();
      await program.step(Int32Array.from([1, sequence, 0, 0, 2, sequence, 1, 1]));
      const [outcome] = await program.decode(
        [{ sequence, position: 2, feed: Int32Array.of(1), count: 3, out: new Int32Array(3) }],
        Infinity,
      );
      if (outcome!.error !== null) throw outcome!.error;
    },
  };
}

/** A vocabulary and a few tensors; what opens is read and exported, as far as the sizes of a damaged file are small. */
const gguf: Target = {
  small: () => ggufOf({ vocab_size: 8 }, 0),
  demo: () => ggufOf({ vocab_size: 128, hidden_size: 32, intermediate_size: 32 }, 8),
  borders: (demo) => {
    const head = Buffer.from(demo);
    // Behind the keys and names: types, lengths and values.
    return ['general.', 'llama.', 'tokenizer.', 'blk.', 'token_embd', 'output_norm'].flatMap((word) => {
      const found: number[] = [];
      for (let at = head.indexOf(word); at >= 0; at = head.indexOf(word, at + 1))
        found.push(at - 8, at, at + word.length);
      return found;
    });
  },
  metadata: (demo) => Buffer.from(demo).indexOf('output_norm') + 40,
  run(bytes) {
    const checkpoint = openGguf(fileIn(scratch, 'model.gguf', bytes));
    checkpoint.templates();
    const { tokenizer, tensors } = checkpoint;
    if (tokenizer.kind === 'vocabulary') `${tokenizer.pieces.length} ${tokenizer.merges?.length}`;
    for (const tensor of tensors.values()) if (tensor.dtype.decode !== null) readFloats(tensor);
    if (Number(checkpoint.config.num_hidden_layers) > 8) return;
    for (const chunk of chunksOf(layOut(lower(exportDecode(exportInput(checkpoint, { dtype: 'auto' }))))))
      chunk.at(0);
  },
};

function ggufOf(sizes: Partial<typeof tinyConfig>, type: 0 | 8): Uint8Array {
  const config = { ...tinyConfig, num_hidden_layers: 1, ...sizes };
  const dir = writeModelDir(path.join(scratch, `gguf-${type}`), config, tinyTensors(config));
  return convertedBytes(openHuggingFace(dir), { 'rope.freq_base': ['f32', 10_000] }, type);
}

export const targets: Readonly<Record<string, Target>> = {
  circle,
  model,
  prepared: preparedTarget(),
  weights,
  gguf,
  config,
  tokenizerJson,
  sentencePiece,
  program: programTarget(),
};

export const scratchDir = scratch;
