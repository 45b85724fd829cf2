/** What spoils operators: codes, options, operands. */
import { BuiltinOperator, BuiltinOptions, operatorCode } from '../../../lib/circle/index.ts';
import type { Spoils } from './sound.ts';

export const operatorSpoils = {
  OPCODE_CUSTOM: [
    [
      'operator_codes[0].custom_code',
      ({ model }) => (model.operatorCodes![0] = operatorCode(BuiltinOperator.CUSTOM)),
    ],
  ],
  OPCODE_FIELDS: [['operator_codes[0]', ({ model }) => (model.operatorCodes![0]!.deprecatedBuiltinCode = 3)]],
  OPERATOR_OPTIONS: [
    [
      'subgraphs[0].operators[3].builtin_options_type',
      ({ operator }) => Object.assign(operator(3), { builtinOptionsType: BuiltinOptions.AddOptions }),
    ],
    [
      'subgraphs[0].operators[3].builtin_options_2_type',
      ({ operator }) => Object.assign(operator(3), { builtinOptions2Type: 2 }),
    ],
  ],
  OPERATOR_INPUTS: [
    ['subgraphs[0].operators[3].inputs', ({ operator }) => void operator(3).inputs!.push(0)],
    ['subgraphs[0].operators[1].inputs', ({ operator }) => void operator(1).inputs!.pop()],
    ['subgraphs[0].operators[1].inputs', ({ operator }) => (operator(1).inputs = null)],
  ],
  OPERATOR_OUTPUTS: [
    [
      'subgraphs[0].operators[0].outputs',
      ({ graph, operator, tensor }) => operator(0).outputs!.push(graph.tensors!.push({ ...tensor('y') }) - 1),
    ],
  ],
  OPERATOR_WITHOUT_OUTPUTS: [['subgraphs[0].operators[3]', ({ operator }) => (operator(3).outputs = [])]],
  OPERATOR_UNKNOWN: [
    ['operator_codes[2]', ({ model }) => (model.operatorCodes![2] = operatorCode(9999 as BuiltinOperator))],
  ],
  OPTIONS_ABSENT: [
    [
      'subgraphs[0].operators[0].builtin_options_type',
      ({ operator }) => Object.assign(operator(0), { builtinOptionsType: 0, builtinOptions: null }),
    ],
  ],
  INPUT_MISSING: [['subgraphs[0].operators[0].inputs[1]', ({ operator }) => (operator(0).inputs![1] = -1)]],
  OUTPUT_MISSING: [['subgraphs[0].operators[3].outputs[0]', ({ operator }) => (operator(3).outputs = [-1])]],
  INPUT_UNDEFINED: [
    ['subgraphs[0].operators[2].inputs[1]', ({ tensor }) => (tensor('memory').isVariable = false)],
  ],
  MUTATING_INPUTS: [
    [
      'subgraphs[0].operators[0].mutating_variable_inputs',
      ({ operator }) => (operator(0).mutatingVariableInputs = [true]),
    ],
  ],
} satisfies Record<string, Spoils>;
