/**
 * Makes the cache in dist/cli (lib/cli/start.ts has its name): the code that V8 has compiled once every filter of the seed's pipeline has run, so that
 * a filter's process compiles nothing. `node scripts/build/filters-cache.cjs DIST DIR < DIR/decode_.circle`, where DIR has the
 * demo's two graphs. CommonJS and plain node, because V8 compares its flags too.
 */
'use strict';
const assert = require('node:assert/strict');
const { closeSync, openSync, statSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const [dist, dir] = process.argv.slice(2);
const { loadFilters, cacheName } = require(path.join(dist, 'cli/start.cjs'));
const { script, filters } = loadFilters();

async function run(chain, input, output) {
  const file = path.join(dir, output);
  const [stdin, stdout, stderr] = [
    input ? openSync(path.join(dir, input)) : 0,
    openSync(file, 'w'),
    openSync(path.join(dir, 'stderr'), 'w'),
  ];
  const code = await filters.main(chain.split(' '), undefined, { stdin, stdout, stderr });
  for (const fd of [stdin, stdout, stderr]) if (fd > 0) closeSync(fd);
  assert.equal(code, 0, chain);
  assert.ok(statSync(file).size > 0, chain);
}

async function main() {
  // From a pipe and from files: both ways of reading.
  await run('fuse.attention', null, 'fused');
  await run('reshape.io input --by_shape [1,16,30,4] [1,16,32,4]', 'fused', 'reshaped');
  await run('transpose.io.kvcache', 'reshaped', 'transposed');
  const merge = ['merge.circles', path.join(dir, 'prefill.circle'), path.join(dir, 'transposed')].join(' ');
  await run(`${merge} + fuse.bmm_lhs_const + downcast.input_ids + gc`, null, 'model');
  writeFileSync(path.join(dist, 'cli', cacheName()), script.createCachedData());
}

main();
