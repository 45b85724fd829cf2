import assert from 'node:assert/strict';
import { compile } from '../../../lib/plan/index.ts';
import { labelOf, labelsOf } from '../../../lib/plan/labels.ts';
import type { Step, Weight } from '../../../lib/plan/program.ts';
import { golden, needShared } from '../../support/goldens.ts';

describe('plan/labels', () => {
  it('reads layer and part from the names that exporters and checkpoints give', () => {
    const cases: [name: string, label: string][] = [
      ['tico::p_model_layers_3_mlp_down_proj_weight', 'layers.3 mlp.down_proj'],
      ['tico::p_model_layers_12_self_attn_q_proj_weight', 'layers.12 self_attn.q_proj'],
      ['p_model_layers_0_self_attn_k_proj_bias', 'layers.0 self_attn.k_proj'],
      ['model.layers.7.input_layernorm.weight', 'layers.7 input_layernorm'],
      ['model.model.layers.7.mlp.gate_proj.weight', 'layers.7 mlp.gate_proj'],
      ['blk.3.ffn_down.weight', 'blk.3 ffn_down'],
      ['h.5.attn.c_attn.weight', 'h.5 attn.c_attn'],
      ['tico::p_model_embed_tokens_weight', ' embed_tokens'],
      ['lm_head.weight', ' lm_head'],
      ['w', ' w'],
      ['', ' '],
    ];
    for (const [name, expected] of cases) {
      const { layer, part } = labelOf(name);
      assert.equal(`${layer} ${part}`, expected, name);
    }
  });

  it('gives steps without a weight the layer of the weights before them', () => {
    const weight = (name: string, rows = 1) => ({ name, rows, cols: 4, type: 0, data: new Uint8Array(0) });
    const x = { width: 4 };
    const rest = { dst: x, wantedRows: false, origin: null };
    const norm = (scale: Weight | null): Step => ({
      ...rest,
      opcode: 'rmsNorm',
      operands: { src: x, weight: scale, eps: 0, groups: 1 },
    });
    const steps: Step[] = [
      { ...rest, opcode: 'gather', operands: { weight: weight('model.embed_tokens.weight', 9) } },
      { ...rest, opcode: 'silu', operands: { src: x } },
      {
        ...rest,
        opcode: 'matmul',
        operands: {
          src: x,
          weight: weight('model.layers.0.mlp.up_proj.weight', 9),
          bias: weight('model.layers.0.mlp.all.bias'),
        },
      },
      norm(null),
      norm(weight('model.norm.weight')),
      { ...rest, opcode: 'add', operands: { a: x, b: x } },
    ];
    assert.deepEqual(
      labelsOf(steps).map(({ layer, part }) => `${layer}|${part}`),
      ['|embed_tokens', '|', 'layers.0|mlp.up_proj', 'layers.0|', '|norm', '|'],
    );
  });

  describe('on the reference data', () => {
    before(needShared);

    it('names every matrix of every layer once', () => {
      const labels = compile(golden('probe/model.circle')).labels();
      const texts = labels.map(({ layer, part }) => `${layer} ${part}`);
      for (let k = 0; k < 8; k++)
        for (const part of [
          'self_attn.q_proj',
          'self_attn.o_proj',
          'mlp.gate_proj',
          'mlp.down_proj',
          'input_layernorm',
        ])
          assert.equal(texts.filter((text) => text === `layers.${k} ${part}`).length, 1, `${k} ${part}`);
      for (const part of ['embed_tokens', 'norm']) assert.ok(texts.includes(` ${part}`), part);
    });
  });
});
