/** Arguments of a tool call as its schema wants them: formats like XML have texts only. */
import { parseFloat64, parseInteger, strip } from './python.ts';

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Each tool's parameters by its name: { name: { parameter: schema } }. */
export function toolParameters(tools: readonly object[]): Map<string, JsonObject> {
  const parameters = new Map<string, JsonObject>();
  for (const tool of tools) {
    const named = (tool as { function?: unknown }).function ?? tool;
    if (!isObject(named) || typeof named.name !== 'string') continue;
    const { properties } = isObject(named.parameters) ? named.parameters : {};
    parameters.set(named.name, isObject(properties) ? properties : {});
  }
  return parameters;
}

/** A value of the field for tool calls with its arguments converted. What does not look like a call is left alone. */
export function coerceToolCalls(value: unknown, parameters: ReadonlyMap<string, JsonObject>): unknown {
  if (Array.isArray(value)) return value.map((item) => coerceToolCalls(item, parameters));
  if (!isObject(value) || !isObject(value.function)) return value;
  const { name, arguments: given } = value.function;
  const schemas = typeof name === 'string' ? parameters.get(name) : undefined;
  if (schemas === undefined || !isObject(given)) return value;
  const converted = Object.entries(given).map(([key, argument]) => {
    const types = Object.hasOwn(schemas, key) ? typesOf(schemas[key]) : [];
    return [key, types.length === 0 ? argument : coerceArgument(argument, types)] as const;
  });
  return { ...value, function: { ...value.function, arguments: Object.fromEntries(converted) } };
}

function coerceArgument(argument: unknown, types: readonly string[]): unknown {
  if (typeof argument === 'string') return coerce(argument, types);
  // The values of a key that was written several times.
  if (Array.isArray(argument) && !types.includes('array'))
    return argument.map((item: unknown) => (typeof item === 'string' ? coerce(item, types) : item));
  return argument;
}

/** The types that a schema allows, in its order. */
function typesOf(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const declared = Array.isArray(schema.type) ? (schema.type as unknown[]) : [schema.type];
  const types = declared.filter((type): type is string => typeof type === 'string');
  for (const union of ['anyOf', 'oneOf'] as const)
    for (const choice of Array.isArray(schema[union]) ? (schema[union] as unknown[]) : [])
      types.push(...typesOf(choice));
  if (schema.nullable === true && !types.includes('null')) types.push('null');
  return types;
}

/** The text as the first type that can read it; itself where none can. */
function coerce(raw: string, types: readonly string[]): unknown {
  for (const type of types) {
    const value = readAs(raw, type);
    if (value !== undefined) return value;
  }
  return raw;
}

function readAs(raw: string, type: string): unknown {
  const word = strip(raw).toLowerCase();
  switch (type) {
    case 'integer': {
      const value = parseInteger(raw) ?? parseFloat64(raw);
      return value !== null && Number.isSafeInteger(value) ? value : undefined;
    }
    case 'number': {
      const value = parseFloat64(raw);
      return value !== null && Number.isFinite(value) ? value : undefined;
    }
    case 'boolean':
      return ['true', '1'].includes(word) ? true : ['false', '0'].includes(word) ? false : undefined;
    case 'null':
      return ['null', 'None'].includes(strip(raw)) ? null : undefined;
    case 'object':
    case 'array':
      return readJson(raw, type);
    default:
      return undefined;
  }
}

function readJson(raw: string, type: 'object' | 'array'): unknown {
  try {
    const value: unknown = JSON.parse(raw);
    return (type === 'array' ? Array.isArray(value) : isObject(value)) ? value : undefined;
  } catch {
    return undefined;
  }
}
