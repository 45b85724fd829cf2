/** Operator codes, and what each operator may have: inputs, outputs, options. */
import type { Model, Operator, OperatorCode } from '../index.ts';
import { builtinCodeOf, operatorName } from '../operator-code.ts';
import { optionsTableOf } from '../operator-options.ts';
import { BuiltinOperator } from '../schema/generated/enums.ts';
import { tableOf, unionMember } from '../schema.ts';
import { arityOf } from './arity.ts';
import type { Report } from './findings.ts';

export function checkOperators(model: Model, report: Report): void {
  model.operatorCodes?.forEach((code, i) => {
    checkCode(code, `operator_codes[${i}]`, report);
  });
  model.subgraphs?.forEach((subgraph, g) => {
    subgraph.operators?.forEach((operator, i) => {
      const opcode = model.operatorCodes?.[operator.opcodeIndex];
      if (!opcode) return;
      const path = `subgraphs[${g}].operators[${i}]`;
      const code = builtinCodeOf(opcode);
      checkArguments(operator, code, path, report);
      checkOptions(operator, code, path, report);
    });
  });
}

function checkCode(opcode: OperatorCode, path: string, report: Report): void {
  const code = builtinCodeOf(opcode);
  const { deprecatedBuiltinCode: old, builtinCode } = opcode;
  if (BuiltinOperator[code] === undefined)
    report('OPERATOR_UNKNOWN', path, `expected an operator of the schema, got number ${code}`);
  if (code === BuiltinOperator.CUSTOM && !opcode.customCode)
    report('OPCODE_CUSTOM', `${path}.custom_code`, 'expected the name of a custom operator, got none');
  // Old files have only the old field, so that the new one is 0.
  if (builtinCode !== 0 && old !== Math.min(builtinCode, 127))
    report(
      'OPCODE_FIELDS',
      path,
      `expected ${Math.min(builtinCode, 127)} for deprecated_builtin_code beside builtin_code ${builtinCode}, got ${old}`,
    );
}

function checkArguments(operator: Operator, code: BuiltinOperator, path: string, report: Report): void {
  const inputs = operator.inputs ?? [];
  const outputs = operator.outputs ?? [];
  const { mutatingVariableInputs: mutating } = operator;
  const arity = arityOf(code);
  const count = (list: ArrayLike<number>, side: 'inputs' | 'outputs') => {
    if (!arity) return;
    const { min, max } = arity[side];
    const range = max === Infinity ? `at least ${min}` : min === max ? `${min}` : `${min} to ${max}`;
    if (list.length < min || list.length > max)
      report(
        side === 'inputs' ? 'OPERATOR_INPUTS' : 'OPERATOR_OUTPUTS',
        `${path}.${side}`,
        `expected ${range} for ${operatorName(code)}, got ${list.length}`,
      );
  };
  count(inputs, 'inputs');
  // Operators whose outputs were taken away by a filter have a finding of their own.
  if (outputs.length > 0) count(outputs, 'outputs');
  inputs.forEach((index, i) => {
    if (index === -1 && arity && !arity.optional.has(i))
      report('INPUT_MISSING', `${path}.inputs[${i}]`, `expected a tensor for ${operatorName(code)}, got -1`);
  });
  outputs.forEach((index, i) => {
    if (index === -1)
      report(
        'OUTPUT_MISSING',
        `${path}.outputs[${i}]`,
        `expected a tensor for ${operatorName(code)}, got -1`,
      );
  });
  if (mutating && mutating.length > 0 && mutating.length !== inputs.length)
    report(
      'MUTATING_INPUTS',
      `${path}.mutating_variable_inputs`,
      `expected ${inputs.length}, one for each input, got ${mutating.length}`,
    );
}

function checkOptions(operator: Operator, code: BuiltinOperator, path: string, report: Report): void {
  // What an unknown operator wants is not known; a custom one has its own options.
  if (BuiltinOperator[code] === undefined) return;
  const wanted = optionsTableOf(code);
  for (const [union, field, member] of [
    ['BuiltinOptions', 'builtin_options', operator.builtinOptionsType],
    ['BuiltinOptions2', 'builtin_options_2', operator.builtinOptions2Type],
  ] as const) {
    const expected = wanted?.union === union ? wanted.name : undefined;
    if (member !== 0 && unionMember(union, member) !== expected)
      report(
        'OPERATOR_OPTIONS',
        `${path}.${field}_type`,
        `expected ${expected ?? 'no options'} for ${operatorName(code)}, got ${unionMember(union, member) ?? member}`,
      );
    else if (
      member === 0 &&
      expected &&
      tableOf(expected).fields.length > 0 &&
      !hasShapeInput(operator, code)
    )
      report(
        'OPTIONS_ABSENT',
        `${path}.${field}_type`,
        `expected ${expected} for ${operatorName(code)}, got none`,
      );
  }
}

/** RESHAPE may take its shape as an input instead. */
function hasShapeInput({ inputs }: Operator, code: BuiltinOperator): boolean {
  return code === BuiltinOperator.RESHAPE && inputs?.length === 2;
}
