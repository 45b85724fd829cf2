/**
 * Formatters, linters and type checks over the whole tree: `npx tsx scripts/lint.ts [--fix | --types]`. --fix rewrites
 * what the formatters and linters can correct by themselves, --types runs the type checks alone. Exits 1 when any of
 * them complains.
 */
import { allChecks, runChecks, typeChecks } from './gate/checks.ts';

const words = process.argv.slice(2);
const unknown = words.find((word) => word !== '--fix' && word !== '--types');
if (unknown === undefined) {
  const checks = words.includes('--types') ? typeChecks : allChecks({ fix: words.includes('--fix') });
  process.exitCode = runChecks(checks).failures.length === 0 ? 0 : 1;
} else {
  console.error(`expected --fix, --types or nothing, got ${unknown}`);
  process.exitCode = 2;
}
