/** Calls between subgraphs: no recursion, and as many values as the subgraph called takes and gives. */
import type { Model, Operator } from '../index.ts';
import { builtinCodeOf } from '../operator-code.ts';
import { BuiltinOperator } from '../schema/generated/enums.ts';
import type { Report } from './findings.ts';
import { calledSubgraphs } from './references.ts';

export function checkSubgraphs(model: Model, report: Report): void {
  if (!model.subgraphs?.length)
    report('MODEL_EMPTY', 'subgraphs', `expected subgraphs, got ${model.subgraphs ? 'none' : 'no list'}`);
  checkCalls(model, report);
  checkRecursion(model, report);
}

function checkCalls(model: Model, report: Report): void {
  model.subgraphs?.forEach((subgraph, g) => {
    subgraph.operators?.forEach((operator, i) => {
      const opcode = model.operatorCodes?.[operator.opcodeIndex];
      const given = opcode && callOf(builtinCodeOf(opcode), operator);
      if (!given) return;
      for (const { index, field, path } of calledSubgraphs(operator)) {
        const called = model.subgraphs![index];
        if (!called) continue;
        const [inputs, outputs] = [called.inputs?.length ?? 0, called.outputs?.length ?? 0];
        const wanted = field === 'condSubgraphIndex' ? 1 : given.outputs;
        if (inputs === given.inputs && outputs === wanted) continue;
        report(
          'SUBGRAPH_CALL',
          `subgraphs[${g}].operators[${i}].${path}`,
          `expected a subgraph of ${given.inputs} inputs and ${wanted} outputs, got ${inputs} and ${outputs}`,
        );
      }
    });
  });
}

/** How many values an operator hands to the subgraphs that it runs, and takes back. */
function callOf(code: BuiltinOperator, operator: Operator): { inputs: number; outputs: number } | undefined {
  const [inputs, outputs] = [operator.inputs?.length ?? 0, operator.outputs?.length ?? 0];
  if (code === BuiltinOperator.IF) return { inputs: inputs - 1, outputs };
  if (code === BuiltinOperator.WHILE || code === BuiltinOperator.CALL) return { inputs, outputs };
  return undefined;
}

function checkRecursion(model: Model, report: Report): void {
  const graphs = model.subgraphs ?? [];
  const calls = graphs.map((subgraph, g) =>
    (subgraph.operators ?? []).flatMap((operator, i) =>
      calledSubgraphs(operator)
        .filter(({ index }) => graphs[index] !== undefined)
        .map(({ index, path }) => ({ index, path: `subgraphs[${g}].operators[${i}].${path}` })),
    ),
  );
  // Depth first with a stack of its own: a chain of calls may be as long as the file.
  const state = new Uint8Array(graphs.length);
  const [OPEN, DONE] = [1, 2];
  for (let root = 0; root < graphs.length; root++) {
    if (state[root] !== 0) continue;
    const stack = [{ graph: root, next: 0 }];
    state[root] = OPEN;
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const call = calls[top.graph]![top.next++];
      if (!call) {
        state[top.graph] = DONE;
        stack.pop();
      } else if (state[call.index] === OPEN)
        report(
          'SUBGRAPH_RECURSION',
          call.path,
          `expected a subgraph that does not lead back here, got ${call.index}`,
        );
      else if (state[call.index] === 0) {
        state[call.index] = OPEN;
        stack.push({ graph: call.index, next: 0 });
      }
    }
  }
}
