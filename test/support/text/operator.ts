/** `ADD(x, y) fusedActivationFunction=RELU {intermediates=[t]}`: an operator's line in the graph language. */
import {
  BuiltinOperator,
  builtinCodeOf,
  type OperatorCode,
  operatorCode,
  plainOperator,
} from '../../../lib/circle/index.ts';
import {
  type OptionsTable,
  optionsTableNamed,
  optionsTableOf,
} from '../../../lib/circle/operator-options.ts';
import { usualFields } from '../../../lib/circle/print/usual.ts';
import { tableOf } from '../../../lib/circle/schema.ts';
import { intsOf, type Module, Op, type Value } from '../../../lib/ir/graph/index.ts';
import { type Fields, isField, readField } from './fields.ts';
import type { Words } from './scan.ts';

/** `ADD`, `ADD.v2`, `CUSTOM:"name"`, `OP_9999` */
export function readOpcode(words: Words, module: Module): OperatorCode {
  const word = words.name();
  const quoted = words.take(':') ? words.name() : undefined;
  const behind = words.peek().kind === 'version' ? words.next().text : '';
  const [, name, custom, version] = /^(\w+)(?::(\w+))?(?:\.v(\d+))?$/.exec(word + behind) ?? [];
  const code = /^OP_-?\d+$/.test(name ?? '')
    ? (Number(name!.slice(3)) as BuiltinOperator)
    : BuiltinOperator[name as keyof typeof BuiltinOperator];
  if (code === undefined) throw new Error(`no operator ${word}`);
  const wanted = {
    ...operatorCode(code),
    customCode: custom ?? quoted ?? null,
    version: Number(version ?? 1),
  };
  const found = module.opcodes.find((known) => JSON.stringify(known) === JSON.stringify(wanted));
  if (!found) module.opcodes.push(wanted);
  return found ?? wanted;
}

/** Everything behind the inputs. */
export function readOperator(
  words: Words,
  opcode: OperatorCode,
  inputs: (Value | null)[],
  tensor: () => Value | null,
): Op {
  const options = readOptions(words, builtinCodeOf(opcode), inputs);
  const attributes: Fields = { ...plainOperator };
  for (const [{ union, code }, fields] of options) {
    const key = union === 'BuiltinOptions' ? 'builtinOptions' : 'builtinOptions2';
    attributes[`${key}Type`] = code;
    attributes[key] = fields;
  }
  let intermediates: (Value | null)[] | null = null;
  if (words.take('{'))
    while (!words.take('}')) {
      if (words.peek().text === 'intermediates') {
        words.next();
        words.expect('=');
        intermediates = words.list('[', ']', tensor);
      } else readField(words, 'Operator', attributes);
    }
  return new Op({
    opcode,
    inputs,
    outputs: [],
    intermediates,
    attributes: attributes as unknown as Op['attributes'],
  });
}

/** The operator's own table first, then what the line names. */
function readOptions(
  words: Words,
  code: BuiltinOperator,
  inputs: readonly (Value | null)[],
): Map<OptionsTable, Fields | null> {
  const own = optionsTableOf(code);
  const options = new Map<OptionsTable, Fields | null>();
  const add = (table: OptionsTable) => {
    const implied = table.name === 'ReshapeOptions' ? { newShape: intsOf(inputs[1]) ?? [] } : {};
    // An operator has one table of each union.
    for (const other of options.keys()) if (other.union === table.union) options.delete(other);
    options.set(table, { ...usualFields(table.name), ...implied });
  };
  let current = own;
  if (own) add(own);
  for (;;) {
    if (isField(words)) {
      if (!current) throw new Error(`no options for ${BuiltinOperator[code]} here`);
      readField(words, current.name, options.get(current)!);
      continue;
    }
    if (words.peek().kind !== 'name') return options;
    const name = words.name();
    if (name === 'NONE') options.delete(own!);
    else if (name === 'null') options.set(current!, null);
    else {
      current = optionsTableNamed(name);
      if (!current || !tableOf(name)) throw new Error(`no options table ${name}`);
      add(current);
    }
  }
}
