import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportDecode, exportPrefill, openHf } from '../../../lib/export/index.ts';
import { inferOutputs } from '../../../lib/ir/evaluate/shape.ts';
import { bytesOf, type Graph } from '../../../lib/ir/graph/index.ts';
import {
  floatTensor,
  scratchFolder,
  tinyConfig,
  tinyTensors,
  writeModelDir,
} from '../../support/checkpoint.ts';

describe('export', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    scratch = scratchFolder();
  });
  afterEach(() => scratch.remove());
  const dir = (config: object = {}, tensors = tinyTensors()) =>
    writeModelDir(scratch.path, { ...tinyConfig, ...config }, tensors);
  const shapes = (values: Graph['inputs']) => values.map(({ shape }) => shape.join());

  it('takes any lengths', () => {
    const hf = openHf(dir());
    const prefill = exportPrefill(hf, 7).graphs[0]!;
    assert.deepEqual(shapes(prefill.inputs), ['1,7', '', '', '']);
    assert.deepEqual(shapes(prefill.outputs), ['1,7,10', '1,1,7,4', '1,1,7,4', '1,1,7,4', '1,1,7,4']);
    const decode = exportDecode(hf, 9).graphs[0]!;
    assert.deepEqual(shapes(decode.inputs), ['1,1', ...new Array(4).fill('1,1,7,4'), '', '', '1', '']);
    assert.deepEqual(shapes(decode.outputs), ['1,1,10', ...new Array(4).fill('1,1,8,4')]);
  });

  it('gives every value its own name, and the shape that inference gives', () => {
    for (const model_type of ['llama', 'mistral']) {
      const hf = openHf(dir({ model_type, ...(model_type === 'mistral' ? { sliding_window: 3 } : {}) }));
      for (const { graphs } of [exportPrefill(hf, 5), exportDecode(hf, 6)]) {
        const graph = graphs[0]!;
        assert.equal(new Set(graph.values.map(({ name }) => name)).size, graph.values.length);
        assert.ok(graph.ops.length > 90);
        for (const op of graph.ops) {
          const [expected] = inferOutputs(op) ?? [];
          const { type, shape, name } = op.output!;
          assert.deepEqual(
            { type, shape: [...shape] },
            { type: expected?.type, shape: [...expected!.shape] },
            name,
          );
        }
      }
    }
  });

  it('shares one constant when the embedding is tied, with or without lm_head in the file', () => {
    const { 'lm_head.weight': head, ...tensors } = tinyTensors();
    assert.ok(head);
    const graph = exportPrefill(openHf(dir({ tie_word_embeddings: true }, tensors)), 4).graphs[0]!;
    assert.equal(graph.ops.at(-1)!.input(1), graph.ops[0]!.input(0));
    const both = exportPrefill(openHf(dir({ tie_word_embeddings: true })), 4).graphs[0]!;
    assert.equal(both.ops.at(-1)!.input(1), both.ops[0]!.input(0));
    assert.throws(() => exportPrefill(openHf(dir({}, tensors)), 4), {
      code: 'WEIGHTS',
      message: /lm_head\.weight/,
    });
  });

  it('fault 10: says which tensor is missing or misshapen', () => {
    const name = 'model.layers.1.mlp.up_proj.weight';
    const missing = tinyTensors();
    delete missing[name];
    assert.throws(() => exportDecode(openHf(dir({}, missing))), {
      code: 'WEIGHTS',
      message: new RegExp(name),
    });
    const other = { ...tinyTensors(), [name]: floatTensor([8, 12]) };
    assert.throws(() => exportDecode(openHf(dir({}, other))), {
      code: 'WEIGHTS',
      message: /\[12, 8\] for '.*up_proj\.weight', got \[8, 12\]/,
    });
    assert.throws(() => openHf(dir({ vocab_size: 11 })), {
      code: 'CONFIG',
      message: /10 rows for vocab_size, got 11/,
    });
  });

  it('warns of tensors that the graph leaves out', () => {
    const said: string[] = [];
    const extra = {
      ...tinyTensors(),
      'model.layers.0.self_attn.q_proj.bias': floatTensor([8]),
      'model.layers.0.self_attn.rotary_emb.inv_freq': floatTensor([2]),
    };
    exportPrefill(openHf(dir({}, extra), { onWarning: (message) => said.push(message) }), 4);
    assert.equal(said.length, 1);
    assert.match(said[0]!, /tensors model\.layers\.0\.self_attn\.q_proj\.bias$/);
  });

  it('reads biases where the configuration has them', () => {
    const tensors = tinyTensors();
    for (let i = 0; i < 2; i++) {
      for (const [part, size] of [
        ['q_proj', 8],
        ['k_proj', 4],
        ['v_proj', 4],
        ['o_proj', 8],
      ] as const)
        tensors[`model.layers.${i}.self_attn.${part}.bias`] = floatTensor([size], 99);
    }
    const graph = exportPrefill(openHf(dir({ attention_bias: true }, tensors)), 4).graphs[0]!;
    const biases = graph.ops.map((op) => op.inputs[2]).filter((bias) => bias?.name.endsWith('_bias'));
    assert.equal(biases.length, 8);
    assert.deepEqual(bytesOf(biases[0]), floatTensor([8], 99).bytes);
  });

  it('refuses folders and configurations that are none', () => {
    assert.throws(() => openHf(join(scratch.path, 'absent')), { code: 'MODEL_NOT_FOUND' });
    dir();
    for (const text of ['\ufeff{}', '{} x', 'x', '[]', '{"__proto__": {}}', '{"a": 1, "a": 2}']) {
      writeFileSync(join(scratch.path, 'config.json'), text);
      assert.throws(() => openHf(scratch.path), { code: 'CONFIG', message: /line 1, column \d/ });
    }
  });
});
