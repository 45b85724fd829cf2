import assert from 'node:assert/strict';
import { parsePipeline } from '../../../lib/make/pipeline-file.ts';
import { isShell, readShellStage } from '../../../lib/make/shell-pipeline.ts';

const read = (text: string) => readShellStage(text, 'decode', ['decode.circle'], 'decode.circle').filters;

describe('make/shell-pipeline', () => {
  it('reads a pipe of filters as a list of them', () => {
    assert.deepEqual(read('gc.py < decode.circle > decode.circle'), ['gc']);
    assert.deepEqual(
      read(
        '  rename.io.remove_prefix.py \'a | b\' < decode.circle\n   | select.op --by_id "0-1"|gc.py>_.circle && mv _.circle decode.circle\n',
      ),
      ["rename.io.remove_prefix 'a | b'", 'select.op --by_id "0-1"', 'gc'],
    );
    assert.deepEqual(read('gc <decode.circle >a && mv a b && mv b decode.circle'), ['gc']);
    assert.deepEqual(read('remove.io.py.py <decode.circle >decode.circle'), ['remove.io.py']);
    assert.ok(isShell('gc > x') && !isShell('merge.circles a.circle b.circle'));
  });

  it('refuses every other command, and says what it wants', () => {
    const cases: [string, RegExp][] = [
      ['gc > decode.circle', /< decode\.circle in its first command for decode, got "gc > decode\.circle"/],
      [
        'gc < /etc/passwd > decode.circle',
        /a pipe that reads decode\.circle for decode, got "< \/etc\/passwd"/,
      ],
      ['gc < decode.circle | gc < decode.circle > decode.circle', /a pipe that reads/],
      ['gc < decode.circle', /a pipe that writes decode\.circle for decode, got "nothing"/],
      ['gc < decode.circle > other.circle', /a pipe that writes decode\.circle .*, got "other\.circle"/],
      ['gc < decode.circle > a | gc > decode.circle', /one > behind the last command/],
      ['gc < decode.circle > a && rm -rf b', /mv FROM TO behind &&, got|mv FROM TO behind && for decode/],
      ['gc < decode.circle > a && mv b decode.circle', /mv a …/],
      ['gc < decode.circle | | gc > decode.circle', /a command for decode, got ""/],
      ['< decode.circle > decode.circle', /a command for decode/],
      ['', /< decode\.circle in its first command/],
    ];
    for (const [text, message] of cases) assert.throws(() => read(text), { code: 'PIPELINE', message }, text);
  });

  it('takes a file of the reference’s form for what its commands say, with nothing added', async () => {
    const text = `
decode: |
  reshape.io.py input --by_shape [1,16,30,4] [1,16,32,4] < decode.circle
      | transpose.io.kvcache.py > _.circle && mv _.circle decode.circle

merge: |
  merge.circles.py prefill.circle decode.circle
      | fuse.bmm_lhs_const.py
      | gc.py > model.circle
`;
    assert.deepEqual(await parsePipeline(text), {
      prefillLength: 32,
      cacheLength: 32,
      prefill: [],
      decode: ['reshape.io input --by_shape [1,16,30,4] [1,16,32,4]', 'transpose.io.kvcache'],
      merge: 'merge.circles prefill.circle decode.circle',
      model: ['fuse.bmm_lhs_const', 'gc'],
    });
    const { decode, model } = await parsePipeline(
      'merge: "merge.circles.py prefill.circle decode.circle > model.circle"\nmodel: [gc]',
    );
    assert.deepEqual([decode, model], [[], ['gc']]);
    await assert.rejects(parsePipeline('merge: "gc < model.circle > model.circle"'), {
      code: 'PIPELINE',
      message: /no < for merge/,
    });
  });
});
