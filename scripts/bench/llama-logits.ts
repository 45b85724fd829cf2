/** Logits that llama.cpp, as the peers kit built it, gives for token ids: quality is compared on the same ones. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DtypeName } from './dtypes.ts';
import { writeGguf } from './gguf.ts';
import { root } from './results.ts';

/** Builds llama-logits.cc into `dir` against the kit's libraries; returns its path. */
export function buildLlamaLogits(kit: string, dir: string): string {
  const build = path.join(kit, 'lcpp');
  const cache = readFileSync(path.join(build, 'CMakeCache.txt'), 'utf8');
  const source = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache)?.[1];
  if (source === undefined || !existsSync(path.join(source, 'include/llama.h')))
    throw new Error(`expected llama.cpp's sources where ${build} was made from, got ${source ?? 'nothing'}`);
  const out = path.join(dir, 'llama-logits');
  const libraries = [
    'src/libllama.a',
    'ggml/src/libggml.a',
    'ggml/src/libggml-cpu.a',
    'ggml/src/libggml-base.a',
  ];
  execFileSync('g++', [
    ...['-O1', '-std=c++17', '-I', path.join(source, 'include'), '-I', path.join(source, 'ggml/include')],
    path.join(root, 'scripts/bench/llama-logits.cc'),
    ...libraries.map((name) => path.join(build, name)),
    ...['-fopenmp', '-ldl', '-lpthread', '-lm', '-o', out],
  ]);
  return out;
}

/**
 * The model of a Hugging Face directory as GGUF in `dir`. Every matrix gets the dtype, as our quantize does it:
 * llama-quantize by itself keeps some wider. One whose rows are no multiple of 32 stays f32 with us, f16 with it.
 */
export function makeGguf(kit: string, hfDir: string, dir: string, name: string, dtype: DtypeName): string {
  const exact = path.join(dir, `${name}-f32.gguf`);
  if (!existsSync(exact)) writeGguf(hfDir, exact);
  if (dtype === 'f32') return exact;
  const out = path.join(dir, `${name}-${dtype}.gguf`);
  const same = ['--pure', '--token-embedding-type', dtype, '--output-tensor-type', dtype];
  execFileSync(path.join(kit, 'lcpp/bin/llama-quantize'), [...same, exact, out, dtype], { stdio: 'pipe' });
  return out;
}

/** [tokens, vocabulary] for each sequence. */
export function llamaLogits(
  program: string,
  gguf: string,
  sequences: readonly number[][],
  vocab: number,
): Float32Array[] {
  const out = execFileSync(program, [gguf], {
    input: sequences.map((ids) => `${ids.join(' ')}\n`).join(''),
    maxBuffer: 2 ** 30,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const wanted = sequences.reduce((n, ids) => n + ids.length, 0) * vocab * 4;
  if (out.length !== wanted) throw new Error(`expected ${wanted} bytes of logits, got ${out.length}`);
  const all = new Float32Array(out.buffer.slice(out.byteOffset, out.byteOffset + out.length));
  let at = 0;
  return sequences.map((ids) => {
    at += ids.length * vocab;
    return all.subarray(at - ids.length * vocab, at);
  });
}
