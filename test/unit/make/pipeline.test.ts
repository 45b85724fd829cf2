import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '../../../lib/circle/index.ts';
import { openHf } from '../../../lib/export/index.ts';
import { lower } from '../../../lib/ir/graph/index.ts';
import { type Pipeline, runPipeline, seedPipeline } from '../../../lib/make/pipeline.ts';
import { parsePipeline, readPipeline, starterText } from '../../../lib/make/pipeline-file.ts';
import { type Outcome, passes } from '../../../lib/passes/index.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../support/checkpoint.ts';

const refused = (pattern: RegExp) => ({ code: 'PIPELINE', message: pattern });

describe('make/pipeline', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let dir = '';
  before(() => {
    scratch = scratchFolder();
    dir = writeModelDir(join(scratch.path, 'model'), tinyConfig, tinyTensors());
  });
  after(() => scratch.remove());

  const run = (changes: Partial<Pipeline>, onOutcome?: (name: string, outcome: Outcome) => void) =>
    runPipeline(openHf(dir), { ...seedPipeline, ...changes }, { onOutcome });

  it('fits the model, whatever its shape, and lengths', () => {
    for (const cacheLength of [32, 9]) {
      const seen: [string, number][] = [];
      const { graphs, signatures } = run({ cacheLength, prefillLength: 5 }, (name, { changed }) =>
        seen.push([name, changed]),
      );
      assert.deepEqual(seen.slice(0, 3), [
        ['fuse.attention', 2],
        ['reshape.io', 4],
        ['transpose.io.kvcache', 4],
      ]);
      assert.deepEqual(
        signatures!.map(({ key }) => key),
        ['prefill', 'decode'],
      );
      const caches = graphs[1]!.inputs.filter(({ shape }) => shape.length === 4);
      assert.deepEqual(
        caches.map(({ shape }) => shape),
        Array(4).fill([1, cacheLength, 1, 4]),
      );
      assert.deepEqual(graphs[0]!.inputs[0]!.shape, [1, 5]);
    }
  });

  it('takes other filters, names and orders', () => {
    const { graphs, signatures } = run({
      merge: 'merge.circles decode.circle prefill.circle --sig-names "one; two"',
      model: ['gc', "rename.io.remove_prefix 'tino::'"],
    });
    assert.deepEqual(
      signatures!.map(({ key }) => key),
      ['one', 'two'],
    );
    assert.ok(graphs[0]!.inputs.length > graphs[1]!.inputs.length);
    assert.equal(run({ merge: 'merge.circles decode.circle' }).graphs.length, 1);
  });

  it('refuses wrong words before anything is exported, with their place', () => {
    const cases: [Partial<Pipeline>, RegExp, string?][] = [
      [
        { decode: ['fuse.attention', 'no.such.filter'] },
        /a filter's name, got 'no.such.filter'/,
        'decode[1]',
      ],
      [{ prefill: ['gc now'] }, /gc: expected no arguments/, 'prefill[0]'],
      [{ model: ['merge.circles a b'] }, /a filter's name, got 'merge.circles'/, 'model[0]'],
      [
        { decode: ['reshape.io input --by_shape [1,{kv_head}] [1]'] },
        /one of \{kv_heads\}, .*, got \{kv_head\}/,
      ],
      [{ decode: ['reshape.io input --by_shape [1,{__proto__}] [1]'] }, /got \{__proto__\}/],
      [{ decode: ['fuse.attention < decode_.circle'] }, /one filter an entry, got '<'/],
      [{ model: ['gc | gc'] }, /one filter an entry, got '\|'/],
      [{ model: ['rename.io.remove_prefix "x'] }, /closed quotes/],
      [{ merge: 'gc' }, /merge.circles, got 'gc'/, 'merge'],
      [{ merge: 'merge.circles' }, /at least one file/, 'merge'],
      [
        { merge: 'merge.circles a.circle decode.circle' },
        /prefill.circle and decode.circle, got 'a.circle'/,
        'merge',
      ],
      [{ merge: 'merge.circles decode.circle decode.circle --sig-names a;b' }, /each file once/, 'merge'],
    ];
    for (const [changes, pattern, path] of cases) {
      let exported = false;
      const expected = path === undefined ? refused(pattern) : { ...refused(pattern), path };
      assert.throws(
        () => {
          const hf = openHf(dir, {
            onRead: () => {
              exported = true;
            },
          });
          runPipeline(hf, { ...seedPipeline, ...changes });
        },
        expected,
        JSON.stringify(changes),
      );
      assert.equal(exported, false);
    }
    assert.ok(passes.length > 10);
  });

  describe('pipeline.yaml', () => {
    it('the starter is the pipeline of the guide, to the byte', async () => {
      const pipeline = await parsePipeline(starterText());
      assert.deepEqual(pipeline, seedPipeline);
      const bytes = (given: Pipeline) => writeModel(lower(runPipeline(openHf(dir), given)));
      assert.deepEqual(bytes(pipeline), bytes(seedPipeline));
    });

    it('what it leaves out is as in the guide', async () => {
      assert.deepEqual(await parsePipeline(''), seedPipeline);
      const { cacheLength, model, decode } = await parsePipeline(
        'export:\n  cache_length: 64\nmodel: [gc]\ndecode:\n',
      );
      assert.deepEqual([cacheLength, model, decode], [64, ['gc'], []]);
    });

    it('PIPELINE says what is wrong, and where', async () => {
      const cases: [string, RegExp][] = [
        ['decode: [', /line 1/],
        ['a: 1\na: 2', /line 2/],
        ['decode: gc', /a list of filters for decode, got "gc"/],
        ['decode: [1]', /a filter with its arguments for decode\[0\], got 1/],
        ['decode: [""]', /decode\[0\], got ""/],
        ['merge: [a]', /for merge/],
        ['steps: []', /one of export, prefill, .* for the file, got "steps"/],
        ['__proto__: {decode: []}', /got "__proto__"/],
        ['- gc', /keys and values for the file/],
        ['export: {cache_length: 2}', /from 3 to .* for cache_length, got 2/],
        ['export: {prefill_length: 1.5}', /prefill_length, got 1.5/],
        ['export: {cache: 2}', /got "cache"/],
        ['decode: &x [gc]\nmodel: *x', /without aliases/],
        ['model: !!js/function "f"', /./],
        ['--- \na: 1\n---\nb: 2', /./],
      ];
      for (const [text, pattern] of cases) await assert.rejects(parsePipeline(text), refused(pattern), text);
      const bomb = `a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a,*a,*a]`).join('\n')}`;
      await assert.rejects(parsePipeline(bomb), refused(/./));
      assert.equal(({} as Record<string, unknown>).decode, undefined);
    });

    it('names the file', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'ggma pipeline '));
      const path = join(folder, 'p.yaml');
      await assert.rejects(readPipeline(path), { code: 'PIPELINE', path });
      writeFileSync(path, 'decode: 7');
      await assert.rejects(readPipeline(path), { code: 'PIPELINE', path });
      writeFileSync(path, Buffer.alloc(2 ** 20 + 1, 0x20));
      await assert.rejects(readPipeline(path), { code: 'PIPELINE', message: /at most/ });
      writeFileSync(path, starterText());
      assert.deepEqual(await readPipeline(path), seedPipeline);
      assert.match(readFileSync(path, 'utf8'), /\{kv_heads\} {2,}num_key_value_heads/);
      rmSync(folder, { recursive: true });
    });
  });
});
