#!/usr/bin/env node
// remove.mul_one: a product with ones goes.
//
//   BEFORE  MUL(x, c) or MUL(c, x), c constant ones, result of x's shape and type       AFTER  x
//
//   ./remove.mul_one.js < in.circle > out.circle
import {
  BuiltinOperator,
  BuiltinOptions,
  floatsOf,
  optionsOf,
  removeDeadFrom,
  replaceUses,
  runFilter,
  simpleFilter,
} from 'ggma/filter';

const filter = simpleFilter('remove.mul_one', 'remove products with one', (module) => {
  const outcome = { changed: 0, candidates: 0, what: 'products with ones', reasons: [] };
  for (const graph of module.graphs) {
    for (const op of graph.ops.filter(({ code }) => code === BuiltinOperator.MUL)) {
      const [a, b] = op.inputs;
      const x = isOnes(b) ? a : isOnes(a) ? b : null;
      if (!x) continue;
      outcome.candidates++;
      // A fused activation would be lost, a graph output would lose its name, a broadcast its shape.
      if (optionsOf(op, BuiltinOptions.MulOptions)?.fusedActivationFunction)
        outcome.reasons.push('activation');
      else if (graph.outputs.includes(op.output)) outcome.reasons.push('a graph output');
      else if (`${x.shape}` !== `${op.output.shape}`) outcome.reasons.push('a broadcast');
      else {
        replaceUses(module, graph, op.output, x);
        removeDeadFrom(graph, [op]);
        outcome.changed++;
      }
    }
  }
  return outcome;
});

/** Constants of floats, all of them 1. */
function isOnes(value) {
  return floatsOf(value)?.every((one) => one === 1) ?? false;
}

await runFilter(filter);
