/** The two code fields of an OperatorCode (facts of the schema: negative codes are Circle's own operators). */
import { BuiltinOperator } from './schema/generated/enums.ts';
import type { OperatorCode } from './schema/generated/types.ts';

/** The last code that the old one-byte field can say; above it the field holds 127. */
const PLACEHOLDER = 127;

/** The operator's number: the larger of the two fields, as TFLite resolves them; negative ones stand in both. */
export function builtinCodeOf(code: OperatorCode): BuiltinOperator {
  const { deprecatedBuiltinCode: old, builtinCode } = code;
  return old < 0 || builtinCode < 0 ? Math.min(old, builtinCode) : Math.max(old, builtinCode);
}

/** Both fields of an operator, version 1. */
export function operatorCode(code: BuiltinOperator): OperatorCode {
  return {
    deprecatedBuiltinCode: Math.min(code, PLACEHOLDER),
    customCode: null,
    version: 1,
    builtinCode: code,
  };
}

/** `ADD`, or the number of an operator that this schema does not have. */
export function operatorName(code: BuiltinOperator): string {
  return BuiltinOperator[code] ?? `operator ${code}`;
}

/** Whether an operator works on something outside its outputs: it may have none, and stays although nothing reads them. */
export function hasEffects(code: BuiltinOperator): boolean {
  return EFFECTS.has(code);
}

const EFFECTS = new Set<BuiltinOperator>([
  BuiltinOperator.ASSIGN_VARIABLE,
  BuiltinOperator.CALL,
  BuiltinOperator.CALL_ONCE,
  BuiltinOperator.CUSTOM,
  BuiltinOperator.HASHTABLE_IMPORT,
  BuiltinOperator.RUN_MODEL,
]);
