/** Promises that must fail. */
import assert from 'node:assert/strict';
import { GgmaError } from '../../lib/errors.ts';

/** With a GgmaError of this code, whose message the pattern finds. */
export function rejects(promise: Promise<unknown>, code: string, pattern = /./): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof GgmaError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  });
}
