import assert from 'node:assert/strict';
import { runFilter, simpleFilter } from '../../../lib/filter.ts';

describe('cli/own-filter', () => {
  // How one runs is in test/e2e/examples/filter.test.ts, as a process.
  it("refuses the names of ggma's own filters and words", async () => {
    for (const name of ['gc', 'merge.circles', 'print', 'view']) {
      const filter = simpleFilter(name, 'do nothing', () => {
        throw new Error('it ran');
      });
      await assert.rejects(runFilter(filter, []), { code: 'USAGE', message: new RegExp(`got '${name}'`) });
    }
  });
});
