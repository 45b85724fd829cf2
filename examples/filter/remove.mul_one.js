#!/usr/bin/env node
// remove.mul_one: a product with ones goes.
//
//   BEFORE  MUL(x, c) or MUL(c, x), c constant ones, result of x's shape       AFTER  x
//
//   ./remove.mul_one.js < in.circle > out.circle
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
  const outcome = { changed: 0, candidates: 0, what: 'products with ones', reasons: [] };
  for (const graph of module.graphs) {
    for (const product of graph.ops.filter(({ code }) => code === circle.BuiltinOperator.MUL)) {
      const [a, b] = product.inputs;
      const x = isOnes(b) ? a : isOnes(a) ? b : null;
      if (!x) continue;
      outcome.candidates++;
      const reason = misfit(graph, product, x);
      if (reason) outcome.reasons.push(reason);
      else {
        circle.replaceUses(module, graph, product.output, x);
        circle.removeDeadFrom(graph, [product]);
        outcome.changed++;
      }
    }
  }
  return outcome;
});

await circle.runFilter(filter);
