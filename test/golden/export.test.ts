/** Our export against the reference exporter's files and transformers' numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportDecode, exportPrefill, openHf } from '../../lib/export/index.ts';
import { evaluate } from '../../lib/ir/evaluate.ts';
import type { Graph, Module } from '../../lib/ir/graph.ts';
import { constantElements, firstDifference } from '../support/compare.ts';
import {
  type GoldenPrompt,
  golden,
  goldenFloats,
  goldenPrompts,
  inputNamed,
  needShared,
  relativeError,
  tensorFor,
} from '../support/goldens.ts';
import { sharedDir } from '../support/shared.ts';

const models = ['probe', 'stories260K'];
const families = [
  'llama-gqa',
  'llama3-rope',
  'llama3-rope-old',
  'llama-linear-rope',
  'mistral',
  'qwen2',
  'qwen3',
];
const tolerance = 1e-4;

const modelDir = (name: string) => join(sharedDir()!, 'models', name);
const familyDir = (name: string) => join(sharedDir()!, 'families', 'models', name);

/** [L, V] logits of a prefill graph of exactly the prompt's length. */
function prefillLogits(graph: Graph, ids: number[]): Float32Array {
  const input = inputNamed(graph, 'input_ids');
  const logits = graph.outputs[0]!;
  const result = evaluate(graph, new Map([[input, tensorFor(input, ids)]]), { outputs: [logits] });
  return result.get(logits)!.data as Float32Array;
}

describe('export', function () {
  this.timeout(120_000);
  before(needShared);

  for (const name of models) {
    it(`${name}: prefill and decode_ are the reference exporter's graphs`, () => {
      const hf = openHf(modelDir(name));
      const pairs: [string, Module][] = [
        ['prefill', exportPrefill(hf)],
        ['decode_', exportDecode(hf)],
      ];
      for (const [file, ours] of pairs) {
        const reference = golden(`${name}/${file}.circle`);
        assert.equal(
          firstDifference(ours, reference),
          undefined,
          `${file}: ${firstDifference(ours, reference)}`,
        );
        assert.ok(constantElements(ours.graphs[0]!) > 100_000);
        assert.deepEqual(sequence(ours), sequence(reference), `${file}: operators in order`);
        assert.deepEqual(opcodes(ours), opcodes(reference), file);
        assert.equal(ours.description, reference.description);
        assert.equal(ours.graphs[0]!.name, reference.graphs[0]!.name);
      }
    });

    it(`${name}: logits of every prompt`, () => {
      const hf = openHf(modelDir(name));
      const prompts = goldenPrompts(name).filter((prompt: GoldenPrompt) => prompt.n_prompt <= 31);
      assert.ok(prompts.length >= 5);
      for (const prompt of prompts) {
        const graph = exportPrefill(hf, prompt.n_prompt).graphs[0]!;
        const expected = goldenFloats(name, prompt.files.logits_all!.file);
        const error = relativeError(prefillLogits(graph, prompt.prompt_ids), expected);
        assert.ok(error <= tolerance, `${prompt.name}: ${error}`);
      }
    });
  }

  for (const name of families) {
    it(`${name}: logits of every prompt`, () => {
      const hf = openHf(familyDir(name));
      const dir = join(sharedDir()!, 'families', 'golden', name);
      const { prompts } = JSON.parse(readFileSync(join(dir, 'prompts.json'), 'utf8')) as {
        prompts: { name: string; ids: number[]; first: string }[];
      };
      assert.ok(prompts.length >= 4);
      for (const { ids, first } of prompts) {
        const logits = prefillLogits(exportPrefill(hf, ids.length).graphs[0]!, ids);
        const bytes = Uint8Array.from(readFileSync(join(dir, first)));
        const expected = new Float32Array(bytes.buffer);
        const error = relativeError(logits.slice(-expected.length), expected);
        assert.ok(error <= tolerance, `${first}: ${error}`);
      }
    });
  }
});

function sequence(module: Module): number[] {
  return module.graphs[0]!.ops.map((op) => op.code);
}

function opcodes(module: Module): unknown[] {
  return module.opcodes.map(({ builtinCode, deprecatedBuiltinCode, version }) => [
    builtinCode,
    deprecatedBuiltinCode,
    version,
  ]);
}
