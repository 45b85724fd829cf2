/** What a filter's process loads before it does anything: seven of them in a pipe pay for it seven times. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../support/root.ts';

/** Node's own modules that are loaded once the script has run, as `fs` or `internal/streams/readable`. */
function loadedBy(script: string): Set<string> {
  const print = 'console.log(JSON.stringify(loaded))';
  const text = execFileSync(
    process.execPath,
    ['-e', `${script}; const loaded = [...process.moduleLoadList]; ${print}`],
    { encoding: 'utf8' },
  );
  const list = JSON.parse(text) as string[];
  return new Set(list.flatMap((entry) => /^NativeModule (.+)$/.exec(entry)?.[1] ?? []));
}

describe('the start of a filter', () => {
  it('loads neither cryptography nor the network', () => {
    const file = path.join(root, 'dist/cli/filters.cjs');
    const [bare, started] = [loadedBy('0'), loadedBy(`require(${JSON.stringify(file)})`)];
    assert.ok(started.has('fs') && started.size >= bare.size);
    const added = [...started].filter((name) => !bare.has(name));
    assert.ok(added.includes('v8'), 'expected to see what the filters load');
    for (const heavy of ['crypto', 'net', 'tty', 'http', 'worker_threads', 'child_process'])
      assert.ok(!added.includes(heavy), `${heavy} is loaded: import it where it is used, by import()`);
  });
});
