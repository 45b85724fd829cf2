/** The options of lib/runtime/options/sampling.ts that native code reads, as C++. */
import { anyModel, isNumberRule, type OptionTable, ruleOf } from '../../lib/options/index.ts';
import { samplingOptions } from '../../lib/runtime/index.ts';

/** @throws Error for a row that native code could not read */
export function samplingHeader(table: OptionTable = samplingOptions): string {
  const rows = Object.entries(table).flatMap(([name, row]) => {
    if (row.native === undefined) return [];
    const rule = ruleOf(row, anyModel);
    if (!isNumberRule(rule))
      throw new Error(`expected a number for the option ${name}, which native code reads, got ${rule.kind}`);
    return [`  row("${name}", options.${row.native}, ${rule.kind === 'integer'}, ${rule.min}, ${rule.max});`];
  });
  return `
namespace ggma {

// Calls row(name, member, whole, low, high) for each number of the sampling options: its name in JavaScript, the
// member of Options that it sets, whether it is an integer, and the range of its values.
template <class Options, class Row>
void each_sampling_number(Options& options, Row&& row) {
${rows.join('\n')}
}

}  // namespace ggma`;
}
