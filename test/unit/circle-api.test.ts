/** ggma/circle: what o2o does, by functions; each gives what its command gives. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as api from '../../lib/circle-api.ts';
import { main as o2o } from '../../lib/cli/o2o.ts';
import { exportDecode, exportPrefill, openHf } from '../../lib/export/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { packModel } from '../../lib/make/index.ts';
import { findPass, passes } from '../../lib/passes/index.ts';
import { scratchFolder } from '../support/checkpoint.ts';
import { fakeStreams } from '../support/fake-streams.ts';
import { lilyDir } from '../support/lily.ts';
import { rejects } from '../support/rejects.ts';

describe('circle-api', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let decode = '';
  let prefill = '';
  before(() => {
    scratch = scratchFolder();
    const hf = openHf(lilyDir);
    decode = join(scratch.path, 'decode_.circle');
    prefill = join(scratch.path, 'prefill.circle');
    api.saveCircle(decode, exportDecode(hf, 32));
    api.saveCircle(pathToFileURL(prefill), exportPrefill(hf, 32));
  });
  after(() => scratch.remove());

  const run = async (...argv: string[]) => {
    const streams = fakeStreams();
    await o2o(argv, streams);
    return streams.out();
  };
  const invalid = (work: () => unknown, code: string, pattern: RegExp) =>
    rejects(Promise.resolve().then(work), code, pattern);

  it('the seed pipeline by functions gives the bytes that the pipeline gives', () => {
    const [first, second] = [api.openCircle(prefill), api.openCircle(decode)];
    const { module } = second;
    assert.equal(api.fuseAttention(module).changed, 8);
    assert.ok(api.reshapeIo(module, 'input', [1, 16, 30, 4], [1, 16, 32, 4]).changed > 0);
    assert.ok(api.transposeIoKvcache(module).changed > 0);
    const merged = api.mergeCircles({ prefill: first.module, decode: module });
    assert.ok(api.fuseBmmLhsConst(merged).changed > 0);
    assert.ok(api.downcastInputIds(merged).changed > 0);
    assert.ok(api.gc(merged).changed > 0);
    assert.deepEqual(
      merged.signatures!.map(({ key }) => key),
      ['prefill', 'decode'],
    );
    const made = packModel(lilyDir);
    assert.equal(api.diffCircles(merged, made).differences.length, 0);
    assert.deepEqual(api.writeCircle(merged), api.writeCircle(made));
    first.close();
    second.close();
  });

  it('each filter is a function of its own, and does what its command does', () => {
    const exported = new Set(Object.keys(api));
    for (const { name } of passes) {
      const camelCase = name.replaceAll(/[._](\w)/g, (_, letter: string) => letter.toUpperCase());
      assert.ok(exported.has(camelCase), camelCase);
    }
    const calls: [name: string, words: string[], call: (module: api.Module) => api.Outcome][] = [
      ['quantize', ['--dtype', 'q8_0'], (module) => api.quantize(module, { dtype: 'q8_0' })],
      [
        'quantize',
        ['--dtype', 'f16', '--keep', '*embed*', 'lm_head*'],
        (module) => api.quantize(module, { dtype: 'f16', keep: ['*embed*', 'lm_head*'] }),
      ],
      ['remove.io', ['output', '--keep_by_id', '0,2'], (m) => api.removeIo(m, 'output', { ids: [0, 2] })],
      ['rename.io.remove_prefix', ['past_'], (module) => api.renameIoRemovePrefix(module, 'past_')],
      ['reorder.output.move_0_to_last', [], (module) => api.reorderOutputMove0ToLast(module)],
      ['reshape.fc_weight', [], (module) => api.reshapeFcWeight(module)],
      ['select.op', ['--by_id', '0,1,2'], (module) => api.selectOp(module, [0, 1, 2])],
    ];
    for (const [name, words, call] of calls) {
      const [mine, theirs] = [api.openCircle(decode), api.openCircle(decode)];
      const pass = findPass(name)!;
      assert.ok(pass.kind === 'filter');
      assert.deepEqual(call(mine.module), pass.prepare(words)(theirs.module), name);
      assert.deepEqual(api.writeCircle(mine.module), api.writeCircle(theirs.module), name);
      mine.close();
      theirs.close();
    }
    const opened = api.openCircle(decode);
    const name = opened.module.graphs[0]!.outputs[0]!.name;
    assert.ok(api.removeIo(opened.module, 'output', { names: [name] }).changed > 0);
    assert.deepEqual(
      opened.module.graphs[0]!.outputs.map((value) => value.name),
      [name],
    );
    opened.close();
  });

  it('wrong arguments are options of the caller, not words of a command line', async () => {
    const module = packModel(lilyDir);
    await invalid(() => api.applyFilter(module, 'no.such'), 'OPTION', /name of a filter, got 'no.such'$/);
    await invalid(() => api.applyFilter(module, 'merge.circles'), 'OPTION', /name of a filter/);
    await invalid(() => api.applyFilter(module, 'gc', 'x'), 'OPTION', /expected no arguments, got 'x'$/);
    await invalid(() => api.quantize(module, { dtype: 'q2' as 'q8_0' }), 'OPTION', /got '--dtype q2'$/);
    await invalid(() => api.mergeCircles({}), 'OPTION', /at least one module/);
    for (const name of ['a;b', ' a', '', 'a/b'])
      await invalid(() => api.mergeCircles({ [name]: module }), 'OPTION', /names of signatures without/);
  });

  it('prints, dumps, verifies and compares as o2o does', async () => {
    const opened = api.openCircle(decode);
    assert.equal(api.printCircle(opened.model), await run('print', decode));
    assert.equal(api.printCircle(opened.module, { short: true }), await run('print', '--short', decode));
    assert.equal([...api.dumpCircle(opened.model)].join(''), await run('print', '--json', decode));
    assert.deepEqual(api.verifyCircle(opened.model), { findings: [], errors: 0, warnings: 0 });
    const fused = api.moduleOf(opened.model);
    api.fuseAttention(fused);
    const { differences, counts } = api.diffCircles(opened.model, fused);
    const other = join(scratch.path, 'fused.circle');
    api.saveCircle(other, fused);
    const told = JSON.parse(await run('diff', '--json', decode, other)) as api.Comparison;
    assert.deepEqual([differences.length, counts], [told.differences.length, told.counts]);
    assert.ok(counts.operators > 0);
    assert.equal(api.diffCircles(fused, fused, { ignoreNames: true }).differences.length, 0);
    opened.close();
  });

  it('reads and writes: the same bytes, from a file or from memory, whole or not at all', async () => {
    const bytes = readFileSync(decode);
    const model = api.readCircle(bytes);
    assert.deepEqual(Buffer.from(api.writeCircle(model)), bytes);
    const behind = api.writeCircle(model, { externalBuffers: true });
    assert.notEqual(behind.length, bytes.length);
    const copy = join(scratch.path, 'copy.circle');
    api.saveCircle(copy, model, { externalBuffers: true });
    assert.deepEqual(readFileSync(copy), Buffer.from(behind));
    // In place of the file that it is read from.
    {
      const opened = api.openCircle(pathToFileURL(copy));
      api.saveCircle(copy, opened.module);
      opened.close();
      opened.close();
      opened[Symbol.dispose]();
    }
    assert.deepEqual(readFileSync(copy), bytes);
    await invalid(() => api.saveCircle(join(scratch.path, 'no/such.circle'), model), 'OUTPUT', /ENOENT/);
    await invalid(() => api.openCircle(join(scratch.path, 'none')), 'INPUT', /no such file/);
    await invalid(() => api.readCircle(bytes.subarray(0, 100)), 'CIRCLE_CORRUPT', /cut short/);
    writeFileSync(copy, 'x');
    await invalid(() => api.openCircle(copy), 'CIRCLE_CORRUPT', /./);
    const broken = lower(packModel(lilyDir));
    broken.subgraphs![0]!.inputs = [99_999];
    await invalid(() => api.moduleOf(broken), 'CIRCLE_INVALID', /./);
    assert.ok(api.verifyCircle(broken).errors > 0);
    assert.deepEqual(
      readdirSync(scratch.path).filter((name) => name.endsWith('.part')),
      [],
    );
    assert.ok(existsSync(decode));
  });
});
