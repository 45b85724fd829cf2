#!/usr/bin/env node
// remove.mul_one < in > out:  BEFORE  MUL(x, c) or MUL(c, x), c constant ones, result of x's shape   AFTER  x
import * as circle from 'ggma/filter';

const isOnes = (value) => circle.floatsOf(value)?.every((one) => one === 1) ?? false;

/** Why the product stays. */
function misfit(graph, product, x) {
  const options = circle.optionsOf(product, circle.BuiltinOptions.MulOptions);
  if (options?.fusedActivationFunction) return 'an activation would be lost';
  if (graph.outputs.includes(product.output)) return 'a graph output would lose its name';
  return `${x.shape}` === `${product.output.shape}` ? null : 'a broadcast would be lost';
}

const filter = circle.simpleFilter('remove.mul_one', 'remove products with ones', (module) => {
  const outcome = { changed: 0, what: 'products with ones', reasons: [] };
  for (const graph of module.graphs)
    for (const product of graph.ops.filter(({ code }) => code === circle.BuiltinOperator.MUL)) {
      const x = product.inputs.find((_, i) => isOnes(product.inputs[1 - i]));
      if (!x) continue;
      const reason = misfit(graph, product, x);
      if (reason) outcome.reasons.push(reason);
      if (reason) continue;
      outcome.changed++;
      circle.replaceUses(module, graph, product.output, x);
      circle.removeDeadFrom(graph, [product]);
    }
  return { ...outcome, candidates: outcome.changed + outcome.reasons.length };
});
await circle.runFilter(filter);
