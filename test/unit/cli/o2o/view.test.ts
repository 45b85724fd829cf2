import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PassThrough } from 'node:stream';
import { main } from '../../../../lib/cli/o2o.ts';
import { scratchFolder } from '../../../support/checkpoint.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';
import { bytesOfModule } from '../../../support/passes.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('cli/o2o/view', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let model = '';
  const bytes = (operator: string) =>
    bytesOfModule(textGraph(`input x f32[1,4]\ny = ${operator}(x)\noutput y`).module);
  beforeEach(() => {
    scratch = scratchFolder();
    model = join(scratch.path, 'a.circle');
    writeFileSync(model, bytes('NEG'));
  });
  afterEach(() => scratch.remove());

  const run = async (
    argv: string[],
    stdin?: Uint8Array,
    change?: (s: ReturnType<typeof fakeStreams>) => void,
  ) => {
    const streams = fakeStreams();
    (streams.stdin as PassThrough).end(stdin);
    change?.(streams);
    const code = await main(['view', ...argv], streams);
    return { code, out: streams.out(), err: streams.err() };
  };

  it('writes a page to a file, and says nothing', async () => {
    const page = join(scratch.path, 'page.html');
    assert.deepEqual(await run([model, '-o', page]), { code: 0, out: '', err: '' });
    const html = readFileSync(page, 'utf8');
    assert.match(html, /<title>a\.circle<\/title>/);
    assert.deepEqual(readdirSync(scratch.path).sort(), ['a.circle', 'page.html']);
    assert.doesNotMatch(html, new RegExp(scratch.path), 'no path of this machine');
  });

  it('writes to standard output, reads from standard input, and compares two models', async () => {
    const one = await run([model]);
    assert.deepEqual([one.code, one.err], [0, '']);
    const two = await run([model, '-'], bytes('COS'));
    assert.equal(two.code, 0);
    assert.match(two.out, /<title>a\.circle → standard input<\/title>/);
    assert.match(two.out, /"title":"NEG → COS"/);
    assert.ok(two.out.length > one.out.length);
  });

  it("carries the page's script and style as the build made them, which end no element", async () => {
    const { out } = await run([model]);
    const [, style] = /<style>(.*?)<\/style>/s.exec(out)!;
    const [, script] = /<script>(.*?)<\/script>/s.exec(out)!;
    assert.ok(style!.length > 3000 && script!.length > 10_000);
    assert.match(out, /<\/script>\n<\/body>\n<\/html>\n$/);
    assert.doesNotMatch(script! + style!, /<!--|<\/(script|style)/);
    assert.doesNotMatch(script!, /innerHTML|insertAdjacentHTML|document\.write|\beval\b/);
  });

  it('knows wrong usage', async () => {
    for (const argv of [[], [model, model, model], [model, '--nothing'], ['-', '-']]) {
      const { code, out, err } = await run(argv);
      assert.deepEqual([code, out], [2, ''], argv.join(' '));
      assert.match(err, /^ggma: USAGE: .*\n$/);
    }
    const terminal = await run([model], undefined, (streams) => {
      streams.stdout.isTTY = true;
    });
    assert.deepEqual([terminal.code, terminal.out], [2, '']);
    assert.match(terminal.err, /use: -o FILE/);
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.out, /^Usage: o2o view \[options\] MODEL \| BEFORE AFTER\n/);
  });

  it('names what it cannot read or write, and leaves nothing half-written', async () => {
    const missing = await run([join(scratch.path, 'none.circle'), '-o', join(scratch.path, 'page.html')]);
    assert.equal(missing.code, 1);
    assert.match(missing.err, /^ggma: INPUT: .*ENOENT.*none\.circle\)\n$/);
    const broken = await run(['-'], Uint8Array.of(1, 2, 3));
    assert.equal(broken.code, 1);
    assert.match(broken.err, /^ggma: CIRCLE_\w+: [^\n]*\n$/);
    const nowhere = await run([model, '-o', join(scratch.path, 'no/page.html')]);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.err, /^ggma: OUTPUT: [^\n]*\n$/);
    assert.deepEqual(readdirSync(scratch.path), ['a.circle']);
  });
});
