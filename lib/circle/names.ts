/** Names of the numbers in a file, for messages and dumps. Unknown numbers are shown as they are. */
import * as enums from './enums.ts';

const tables: Readonly<Record<string, Readonly<Record<number, string | number>>>> = { ...enums } as never;

/** The name of `value` in the enum or union `enumName`, or undefined when it has none. */
export function enumName(enumName: string, value: number): string | undefined {
  const name = tables[enumName]?.[value];
  return typeof name === 'string' ? name : undefined;
}
