import assert from 'node:assert/strict';
import { countNativeTests } from '../../../../scripts/gate/native-tests.ts';
import { summary } from '../../../../scripts/gate/outcome.ts';

const lines = [
  'instruction sets: avx2 scalar',
  'ok batch_a (3 checks)',
  '  x.cc:1: a == b',
  'FAILED batch_b (2 checks)',
];

describe('native tests in the gate', () => {
  it('are counted one by one, and named when they fail', () => {
    const end = '1 passed, 1 failed (5 checks)';
    assert.deepEqual(countNativeTests([...lines, end], 1, 'native'), {
      passed: 1,
      failures: ['native: batch_b'],
      remarks: [],
    });
    assert.deepEqual(countNativeTests(['ok a (1 checks)', '1 passed, 0 failed (1 checks)'], 0, 'asan'), {
      passed: 1,
      failures: [],
      remarks: [],
    });
  });

  it('have failed when the process crashed, and say after which test', () => {
    assert.deepEqual(countNativeTests(['ok a (1 checks)'], 'SIGSEGV', 'native').failures, [
      'native: the binary ended with SIGSEGV after a',
    ]);
    // LeakSanitizer complains after the summary.
    assert.equal(
      countNativeTests(['ok a (1 checks)', '1 passed, 0 failed (1 checks)'], 23, 'x').failures.length,
      1,
    );
    assert.equal(countNativeTests(['0 passed, 0 failed (0 checks)'], 0, 'x').failures.length, 1);
  });
});

describe('the summary of the gate', () => {
  it('ends with the sum, and names what failed above it', () => {
    const { text, failed } = summary([
      { passed: 3, failures: [], remarks: ['skipped: 1 without script(1)'] },
      { passed: 4, failures: ['native: a', 'test/b.test.ts: c'], remarks: [] },
    ]);
    assert.equal(failed, true);
    assert.deepEqual(text.split('\n'), [
      'skipped: 1 without script(1)',
      'failed: native: a',
      'failed: test/b.test.ts: c',
      '7 passed, 2 failed',
    ]);
  });
});
