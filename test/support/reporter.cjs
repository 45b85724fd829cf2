/**
 * mocha's spec report on the terminal, and the results as JSON in the file that `output` names:
 * {passed, failed: [{file, title}], skipped: [{title, without}]}. `without` is what the machine lacks (need.ts); null: the
 * test gives no reason.
 */
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { reporters } = require('mocha');

/** The test itself has the reason, or a block above it that was skipped as a whole. */
function reason(test) {
  for (let one = test; one; one = one.parent) if (one.skippedWithout) return one.skippedWithout;
  return null;
}

/** Relative to the project, with slashes on every platform. A hook has no file of its own. */
function fileOf(test) {
  for (let one = test; one; one = one.parent)
    if (one.file) return path.relative(path.join(__dirname, '../..'), one.file).replaceAll('\\', '/');
  return 'mocha';
}

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const [failed, skipped] = [[], []];
    runner.on('fail', (test) => {
      failed.push({ file: fileOf(test), title: test.fullTitle() });
    });
    runner.on('pending', (test) => {
      skipped.push({ title: test.fullTitle(), without: reason(test) });
    });
    runner.once('end', () => {
      const { output } = options.reporterOptions;
      writeFileSync(output, JSON.stringify({ passed: runner.stats.passes, failed, skipped }));
    });
  }
};
