/** One operator as a line: `y: f32[1,8] = FULLY_CONNECTED(x, w, -) keepNumDims=true`. */
import type { Model, Operator, OperatorCode } from '../index.ts';
import { builtinCodeOf } from '../operator-code.ts';
import { optionsTableOf } from '../operator-options.ts';
import { BuiltinOperator } from '../schema/generated/enums.ts';
import { unionMember } from '../schema.ts';
import { fieldTexts } from './fields.ts';
import type { TensorNames } from './names.ts';
import { usualFields } from './usual.ts';

/** Fields of an operator that the line says in its own way, and places that only the writer knows. */
const SAID = new Set([
  'opcodeIndex',
  'inputs',
  'outputs',
  'builtinOptions',
  'builtinOptions2',
  'intermediates',
  'largeCustomOptionsOffset',
  'largeCustomOptionsSize',
]);

export interface OperatorContext {
  model: Model;
  names: TensorNames;
  /** Constants that stand among the inputs instead of their names. */
  literals: ReadonlyMap<number, string>;
  /** `x: f32[1]`, with the tensor's attributes. */
  declare(index: number): string;
}

export function operatorText(operator: Operator, context: OperatorContext): string {
  const { model, names, literals, declare } = context;
  const opcode = model.operatorCodes?.[operator.opcodeIndex];
  const outputs = Array.from(operator.outputs ?? [], (index) => (index === -1 ? '-' : declare(index)));
  const inputs = Array.from(operator.inputs ?? [], (index) => literals.get(index) ?? names.of(index));
  const left = outputs.length === 0 ? '' : `${outputs.join(', ')} = `;
  const rest = [...optionTexts(operator, opcode, literals), ...ownTexts(operator, names)];
  return [`${left}${operatorCodeText(opcode, operator.opcodeIndex)}(${inputs.join(', ')})`, ...rest].join(
    ' ',
  );
}

/** `ADD`, `ADD.v2`, `CUSTOM:"name"`, `OP_9999` for a number that the schema does not have. */
function operatorCodeText(opcode: OperatorCode | undefined, index: number): string {
  if (!opcode) return `OPCODE_${index}`;
  const code = builtinCodeOf(opcode);
  const name = BuiltinOperator[code] ?? `OP_${code}`;
  const custom = opcode.customCode === null ? '' : `:${customName(opcode.customCode)}`;
  return `${name}${custom}${opcode.version === 1 ? '' : `.v${opcode.version}`}`;
}

/** Quoted unless it is one word: a dot would read as the version's. */
function customName(name: string): string {
  return /^\w+$/.test(name) ? name : JSON.stringify(name);
}

/** Options of both unions. The operator's own table comes first and without its name; NONE says that it is not there. */
function optionTexts(
  operator: Operator,
  opcode: OperatorCode | undefined,
  literals: ReadonlyMap<number, string>,
): string[] {
  const usual = opcode && optionsTableOf(builtinCodeOf(opcode));
  const own: string[] = [];
  const others: string[] = [];
  for (const [union, code, value] of [
    ['BuiltinOptions', operator.builtinOptionsType, operator.builtinOptions],
    ['BuiltinOptions2', operator.builtinOptions2Type, operator.builtinOptions2],
  ] as const) {
    if (code === 0 && usual?.union === union) own.push('NONE');
    if (code === 0) continue;
    const table = unionMember(union, code)!;
    const isOwn = usual?.union === union && usual.code === code;
    const texts = isOwn ? own : others;
    if (!isOwn || value === null) texts.push(table);
    if (value === null) texts.push('null');
    else {
      const fields = usualFields(table);
      if (table === 'ReshapeOptions') fields.newShape = impliedShape(operator, literals);
      texts.push(...fieldTexts(table, value as Record<string, unknown>, { usual: fields }));
    }
  }
  return [...own, ...others];
}

/** Exporters repeat the constant that is RESHAPE's second input in its options; undefined where that is not in sight. */
function impliedShape(operator: Operator, literals: ReadonlyMap<number, string>): number[] | undefined {
  const shape = operator.inputs?.[1] ?? -1;
  if (shape === -1) return [];
  const literal = literals.get(shape);
  return literal?.startsWith('[') ? (JSON.parse(literal) as number[]) : undefined;
}

/** Custom options, intermediate tensors and the like, in braces. */
function ownTexts(operator: Operator, names: TensorNames): string[] {
  const texts = fieldTexts('Operator', operator as unknown as Record<string, unknown>, { omit: SAID });
  if (operator.intermediates !== null)
    texts.push(`intermediates=[${Array.from(operator.intermediates, (index) => names.of(index)).join(',')}]`);
  return texts.length > 0 ? [`{${texts.join(' ')}}`] : [];
}
