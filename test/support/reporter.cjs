/**
 * mocha's spec report on the terminal, and the counts as JSON in the file that `output` names:
 * {passed, failed, skipped: [{title, without}]}. `without` is what the machine lacks (need.ts); null: no reason.
 */
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/** A test carries the reason itself, or a block above it that was skipped as a whole. */
function reason(test) {
  for (let one = test; one; one = one.parent) if (one.skippedWithout) return one.skippedWithout;
  return null;
}

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on('pending', (test) => {
      skipped.push({ title: test.fullTitle(), without: reason(test) });
    });
    runner.once('end', () => {
      const { passes: passed, failures: failed } = runner.stats;
      writeFileSync(options.reporterOptions.output, JSON.stringify({ passed, failed, skipped }));
    });
  }
};
