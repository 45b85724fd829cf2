import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { BuiltinOperator, TensorType } from '../../../lib/circle/index.ts';
import type { Module } from '../../../lib/ir/graph/index.ts';
import type { PageData } from '../../../lib/view/data.ts';
import { viewPage } from '../../../lib/view/index.ts';
import { attentionBlock } from '../../support/attention-block.ts';
import { golden, needShared } from '../../support/goldens.ts';
import { seeded } from '../../support/mutate.ts';
import { apply } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const assets = { script: 'void 0;', style: 'body{margin:0}' };
const EVIL = '</script><img src=x onerror=alert(1)><!--&lt;"\'`\u2028\ud800';

function page(module: Module, name = 'm.circle', before?: Module): string {
  return viewPage(before ? { name: 'before.circle', module: before } : null, { name, module }, assets);
}

function dataOf(html: string): PageData {
  const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)!;
  return JSON.parse(json!) as PageData;
}

const small = () =>
  textGraph(`
    input x f32[1,4]
    const w f32[4,4] = random 1
    y = FULLY_CONNECTED(x, w, -)
    output y`);

describe('view/html', () => {
  it('is one page that needs nothing else, under a policy that allows nothing else', () => {
    const html = page(small().module);
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    assert.match(html, /^<!doctype html>\n<html lang="en">/);
    assert.ok(
      html.includes(
        `content="default-src 'none'; script-src ${hash(assets.script)}; style-src ${hash(assets.style)}; `,
      ),
    );
    assert.doesNotMatch(html, /https?:|src=|href=|url\(|@import/);
    assert.equal(html.match(/<script/g)!.length, 2);
  });

  it('lets no name out of the data block, wherever a model has names', () => {
    const { module, graph, value } = small();
    value('x').name = EVIL;
    value('w').name = EVIL;
    value('y').name = EVIL;
    graph.attributes.name = EVIL;
    module.description = EVIL;
    module.metadata = [{ name: EVIL, buffer: module.sentinel }];
    graph.ops[0]!.opcode = { ...graph.ops[0]!.opcode, customCode: EVIL };
    module.signatures = [
      {
        key: EVIL,
        graph,
        inputs: [{ name: EVIL, value: value('x') }],
        outputs: [{ name: EVIL, value: value('y') }],
      },
    ];
    for (const html of [page(module, EVIL), page(module, EVIL, small().module)]) {
      assert.equal(html.match(/<script/g)!.length, 2);
      assert.equal(html.match(/<\/script/g)!.length, 2);
      assert.doesNotMatch(html, /<img|<!--/);
      const data = dataOf(html);
      const [shown] = data.graphs;
      assert.equal(shown!.title, EVIL);
      assert.ok(shown!.tensors.some(({ name }) => name === EVIL));
      assert.equal(shown!.signatures[0]!.inputs[0]!.name, EVIL);
      assert.ok(data.title.includes(EVIL));
      // What is written is UTF-8, where a lone surrogate has no place: it must have been escaped.
      assert.equal(dataOf(Buffer.from(html).toString()).graphs[0]!.title, EVIL);
    }
  });

  it('shows a model without graphs, operators, names or shapes', () => {
    const { module } = textGraph('input x f32[1,4]\noutput x');
    module.graphs[0]!.attributes.name = null;
    module.graphs[0]!.values[0]!.attributes.name = null;
    module.graphs[0]!.values[0]!.attributes.shape = null;
    const [graph] = dataOf(page(module)).graphs;
    assert.deepEqual(
      graph!.nodes.map(({ kind }) => kind),
      ['input', 'output'],
    );
    assert.equal(graph!.title, 'subgraph 0');
    module.graphs = [];
    assert.deepEqual(dataOf(page(module)).graphs, []);
  });

  it('says what differs between operators of both models: options, constants, types', () => {
    const text = (keep: boolean, seed: number, type: string) => `
      input x ${type}[1,4]
      const w f32[4,4] = random ${seed}
      n = CAST(x) inDataType=${type} outDataType=f32
      y = FULLY_CONNECTED(n, w, -) keepNumDims=${keep}
      output y`;
    const differ = (after: string) => {
      const before = textGraph(text(true, 1, 'i32')).module;
      const [graph] = dataOf(page(textGraph(after).module, 'after', before)).graphs;
      return graph!.nodes.map(({ title, status }) => `${title} ${status}`);
    };
    assert.deepEqual(differ(text(true, 1, 'i32')), ['x same', 'CAST same', 'FULLY_CONNECTED same', 'y same']);
    assert.ok(differ(text(false, 1, 'i32')).includes('FULLY_CONNECTED changed'));
    assert.ok(differ(text(true, 2, 'i32')).includes('FULLY_CONNECTED changed'));
    assert.deepEqual(differ(text(true, 1, 'i64')).slice(0, 2), ['x changed', 'CAST changed']);
  });

  it('shows whatever can be lifted: odd shapes and types, short data, unknown and missing operands', () => {
    const random = seeded(12);
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
    for (let run = 0; run < 30; run++) {
      const { module, graph } = attentionBlock();
      for (let i = 0; i < 4; i++) {
        const value = pick(graph.values);
        const op = pick(graph.ops);
        pick<() => void>([
          () => {
            value.shape = pick([[], [-1], [0], [1e9, 1e9], [2 ** 31 - 1], [1, 1, 1, 1, 1, 1, 1, 1]]);
          },
          () => {
            value.type = pick<number>([-9, -4, -3, 0, 1, 4, 5, 11, 17, 99]) as TensorType;
          },
          () => {
            if (value.buffer.data) value.buffer = { data: new Uint8Array(3) };
          },
          () => {
            op.opcode = {
              ...op.opcode,
              deprecatedBuiltinCode: 0,
              builtinCode: pick<number>([-9, 0, 25, 83, 9999]) as BuiltinOperator,
            };
          },
          () => {
            if (value.isConstant) for (const user of value.users) user.inputs.fill(null);
          },
          () => {
            value.attributes.name = null;
          },
        ])();
      }
      const [shown] = dataOf(page(module, 'odd', run % 2 === 0 ? attentionBlock().module : undefined)).graphs;
      const after = shown!.nodes.filter(({ kind, status }) => kind === 'op' && status !== 'removed');
      assert.equal(after.length, graph.ops.length);
    }
  });

  describe('on the reference data', () => {
    before(needShared);

    it('gives the same bytes for the same model, whatever was shown before', () => {
      const decode = page(golden('probe/decode_.circle'));
      page(golden('probe/model.circle'));
      assert.ok(page(golden('probe/decode_.circle')) === decode, 'the page differs');
      assert.ok(decode.length < 800_000, `${decode.length} characters`);
    });

    it('lists what fuse.attention did, layer by layer, and nothing else', () => {
      const fused = golden('probe/decode_.circle');
      apply(fused, 'fuse.attention');
      const [graph] = dataOf(page(fused, 'after', golden('probe/decode_.circle'))).graphs;
      assert.deepEqual(
        graph!.changes.map(({ title }) => title),
        Array(8).fill('45 operators → ATTENTION'),
      );
      const count = (status: string) =>
        graph!.nodes.filter((node) => node.kind === 'op' && node.status === status).length;
      assert.deepEqual([count('removed'), count('added'), count('changed')], [360, 8, 0]);
    });

    it('shows other shapes as a change of the inputs', () => {
      const before = golden('probe/steps/2.reshape.io.circle');
      const after = golden('probe/steps/3.transpose.io.kvcache.circle');
      const [graph] = dataOf(page(after, 'after', before)).graphs;
      const changed = graph!.nodes.filter(({ status }) => status !== 'same');
      assert.equal(changed.length, 16);
      assert.ok(changed.every(({ kind, status }) => kind === 'input' && status === 'changed'));
      assert.ok(
        graph!.tensors.some(({ before: old, shape }) => old === 'FLOAT32 1×16×32×4' && shape === '1×32×16×4'),
      );
    });

    it('pairs the graphs of a merged file with those that it was merged from', () => {
      const [prefill, decode] = dataOf(
        page(golden('probe/model.circle'), 'after', golden('probe/steps/4.merge.circle')),
      ).graphs;
      assert.deepEqual([prefill!.title, decode!.title], ['prefill', 'decode']);
      assert.deepEqual([prefill!.status, decode!.status], ['same', 'same']);
      const { graphs } = dataOf(page(golden('probe/model.circle'), 'after', golden('probe/decode_.circle')));
      assert.deepEqual(
        graphs.map(({ status }) => status),
        ['added', 'same'],
      );
    });
  });
});
