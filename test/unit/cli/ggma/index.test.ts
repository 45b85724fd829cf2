import assert from 'node:assert/strict';
import { main } from '../../../../lib/cli/ggma/index.ts';
import { isa } from '../../../../lib/native.ts';
import { version } from '../../../../lib/version.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';

async function run(...argv: string[]) {
  const streams = fakeStreams();
  const code = await main(argv, streams);
  return { code, out: streams.out(), err: streams.err() };
}

describe('ggma', () => {
  it('without a word says what is installed and what there is', async () => {
    const { code, out, err } = await run();
    assert.deepEqual([code, err], [0, '']);
    const node = process.versions.node;
    assert.ok(
      out.startsWith(
        `ggma v${version} (Node ${node}, ${process.platform}-${process.arch}; addon v${version}, ${isa()})\n`,
      ),
      out,
    );
    assert.equal((await run('--help')).out, out);
    assert.equal((await run('--version')).out, `ggma v${version}\n`);
  });

  it('forwards to the other commands by their words', async () => {
    assert.match((await run('run', '--help')).out, /^Usage: ggma_run /);
    assert.match((await run('opm', '--help')).out, /^Usage: opm WORD/);
    assert.match((await run('o2o', '--help')).out, /^Usage: o2o FILTER/);
    assert.match((await run('compile', '--help')).out, /^Usage: ggma compile/);
  });

  it('refuses words that there are not', async () => {
    const { code, out, err } = await run('dance');
    assert.deepEqual([code, out], [2, '']);
    assert.equal(err, 'ggma: USAGE: expected one of run, opm, o2o, compile, got dance (ggma --help)\n');
  });
});
