import assert from 'node:assert/strict';
import { SegmentRange } from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { lift, type Module } from '../../../lib/ir/graph/index.ts';
import { findPass } from '../../../lib/passes/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import { bytesOfModule, merge, opsOf, reread, sign } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';
import { weightsModel } from '../../support/weights-model.ts';

const WEIGHT = 'const w f32[2] = 1 2\n';
const first = () => textGraph(`input x f32[2]\n${WEIGHT}y = MUL(x, w)\noutput y`).module;
const second = () =>
  textGraph(`input a f32[2]\n${WEIGHT}const c f32[2] = 5 6\nb = MUL(a, w)\nd = NEG(b)\noutput d`).module;

function keys(module: Module): (string | null)[] {
  return module.signatures!.map(({ key }) => key);
}

describe('passes/merge.circles', () => {
  it('hit: subgraphs side by side, one signature each, named after the files', () => {
    const [a, b] = [first(), second()];
    const merged = merge([a, b], 'dir/prefill.circle', 'decode.circle');
    assert.deepEqual(merged.graphs, [...a.graphs, ...b.graphs]);
    assert.deepEqual(keys(merged), ['prefill', 'decode']);
    const [signature] = merged.signatures!;
    assert.deepEqual(
      [signature!.inputs!.map(({ name }) => name), signature!.outputs!.map(({ name }) => name)],
      [['x'], ['y']],
    );
    assert.equal(merged.description, 'Merged from prefill.circle, decode.circle');
  });

  it('shared value: operator codes once, buffers once by content, one sentinel', () => {
    const merged = merge([first(), second()], 'a.circle', 'b.circle');
    assert.equal(merged.opcodes.length, 2);
    // The sentinel, the shared weight and c.
    assert.equal(merged.buffers.length, 3);
    const weights = merged.graphs.map((graph) => graph.values.find(({ name }) => name === 'w')!.buffer);
    assert.equal(weights[0], weights[1]);
    // In the file, too: each operator has one of the codes that the model lists.
    for (const op of merged.graphs.flatMap((graph) => graph.ops))
      assert.ok(merged.opcodes.includes(op.opcode));
    const written = reread(merged);
    assert.equal(written.opcodes.length, 2);
    assert.deepEqual(
      written.graphs.map(opsOf),
      [first(), second()].map((module) => opsOf(module.graphs[0]!)),
    );
  });

  it('tells constants apart that differ in their last byte only, however many, in memory and in pieces', () => {
    const constants = Array.from({ length: 40 }, (_, i) => {
      const bytes = new Uint8Array(100_000);
      bytes[bytes.length - 1] = i;
      return bytes;
    });
    const inPieces = (bytes: Uint8Array) => new SegmentRange([bytes.slice(0, 33_333), bytes.slice(33_333)]);
    const [a, b] = [
      lift(weightsModel(constants)),
      lift(weightsModel([...constants].reverse().map((bytes) => inPieces(bytes)))),
    ];
    const merged = merge([a, b], 'a.circle', 'b.circle');
    assert.deepEqual(
      merged.buffers.map(({ data }) => data),
      [null, ...constants],
    );
    const [left, right] = merged.graphs.map(({ values }) => values.slice(2).map(({ buffer }) => buffer.data));
    assert.deepEqual(left, constants);
    assert.deepEqual(right, [...constants].reverse());
  });

  it('the highest version, and metadata of all', () => {
    for (const versions of [
      [3, 0],
      [0, 3],
      [3, 2],
    ]) {
      const modules = [first(), second()];
      modules.forEach((module, i) => {
        module.version = versions[i]!;
        const note = { data: Uint8Array.of(7 + i) };
        module.buffers.push(note);
        module.metadata = [{ name: `note ${i}`, buffer: note }];
      });
      const written = reread(merge(modules, 'a.circle', 'b.circle'));
      assert.equal(written.version, 3, versions.join());
      const notes = written.metadata!.map(({ name, buffer }) => [name, [...(buffer.data as Uint8Array)]]);
      assert.deepEqual(notes, [
        ['note 0', [7]],
        ['note 1', [8]],
      ]);
    }
  });

  it('names by --sig-names, in either spelling', () => {
    assert.deepEqual(keys(merge([first(), second()], 'a.circle', 'b.circle', '--sig-names', 'p; d')), [
      'p',
      'd',
    ]);
    assert.deepEqual(keys(merge([first(), second()], '--sig-names=p;d', 'a.circle', 'b.circle')), ['p', 'd']);
  });

  it('a signature that a file brings keeps its port names, under the new key', () => {
    const own = sign(first(), 'serving');
    own.signatures![0]!.inputs![0]!.name = 'tokens';
    const merged = merge([own, second()], 'a.circle', 'b.circle');
    assert.deepEqual(keys(merged), ['a', 'b']);
    assert.equal(merged.signatures![0]!.inputs![0]!.name, 'tokens');
  });

  it('a file with several signatures keeps them all', () => {
    const twice = merge([first(), second()], 'p.circle', 'd.circle');
    const merged = merge([twice, first()], 'both.circle', 'more.circle');
    assert.deepEqual(keys(merged), ['p', 'd', 'more']);
    assert.throws(
      () => merge([merge([first(), second()], 'p.circle', 'd.circle'), first()], 'x.circle', 'd.circle'),
      (error: unknown) => error instanceof GgmaError && /'d'/.test(error.message),
    );
  });

  it('near miss: names that clash, no file, a wrong number of names', () => {
    const pass = findPass('merge.circles')!;
    for (const words of [
      [],
      ['a.circle', 'b/a.circle'],
      ['a.circle', '--sig-names', 'x;y'],
      ['a.circle', 'b.circle', '--sig-names', 'x;'],
      ['a.circle', 'b.circle', '--sig-names', 'x;x'],
      ['a.circle', '--unknown'],
      ['a.circle', '--sig-names'],
    ])
      assert.throws(
        () => pass.prepare(words),
        (error: unknown) => error instanceof GgmaError && error.code === 'USAGE',
        words.join(' '),
      );
  });

  it('numeric equality of both graphs', () => {
    const merged = reread(merge([first(), second()], 'a.circle', 'b.circle'));
    const results = merged.graphs.map((graph) => {
      const [input] = graph.inputs;
      return [
        ...evaluate(graph, new Map([[input!, tensorFor(input!, [3, 4])]])).get(graph.outputs[0]!)!.data,
      ];
    });
    assert.deepEqual(results, [
      [3, 8],
      [-3, -8],
    ]);
  });

  it('idempotence: a merged file merged alone under its name is the same graph, buffers and signature', () => {
    const once = merge([first()], 'a.circle');
    const ops = opsOf(once.graphs[0]!);
    const bytes = bytesOfModule(once);
    const again = merge([reread(once)], 'a.circle');
    assert.deepEqual(opsOf(again.graphs[0]!), ops);
    assert.equal(Buffer.compare(bytesOfModule(again), bytes), 0);
  });
});
