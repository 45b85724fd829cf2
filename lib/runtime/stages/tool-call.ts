/** One tool call while it is written: its name first, then the text of its arguments as it grows. */
import type { ResponseField } from '../../text/index.ts';
import { JsonMembers } from './json-members.ts';

/** What is new of a call. */
export interface CallProgress {
  name: string;
  /** JSON text to add. */
  arguments: string;
}

/** Where a field's JSON has name and arguments; null: they are known only when all of it is there. */
interface Shape {
  /** The object's member with the name; null: the opening delimiter has it. */
  name: string | null;
  /** The member with the arguments; null: the whole object is them. */
  arguments: string | null;
}

export class ToolCallStream {
  readonly #shape: Shape | null;
  readonly #members = new JsonMembers();
  #whole = '';
  #name: string | null;
  #sent = 0;
  #began = false;

  /** @param captures what the opening delimiter says, often the name */
  constructor(field: ResponseField, captures: Readonly<Record<string, string>>) {
    this.#shape = shapeOf(field);
    this.#name = this.#shape !== null && this.#shape.name === null ? (captures.name ?? null) : null;
  }

  /** Something of this call has been given out: the end can only complete it. */
  get began(): boolean {
    return this.#began;
  }

  /** null: nothing new that is certain. */
  push(text: string): CallProgress | null {
    if (this.#shape === null) return null;
    this.#whole += text;
    this.#members.push(text);
    const name = this.#knownName(this.#shape);
    if (name === null) return null;
    const given = this.#argumentsText(this.#shape);
    const added = given.slice(this.#sent);
    if (this.#began && added === '') return null;
    this.#began = true;
    this.#sent = given.length;
    return { name, arguments: added };
  }

  #knownName({ name }: Shape): string | null {
    const member = name === null ? undefined : this.#members.members.find(({ key }) => key === name);
    if (member?.isComplete) this.#name ??= stringOf(member.text);
    return this.#name;
  }

  /** Arguments that are no object (a JSON text within a string, in some models) are left to the end. */
  #argumentsText({ arguments: key }: Shape): string {
    const member = this.#members.members.find((one) => one.key === key);
    const text = key === null ? this.#whole.trim() : (member?.text ?? '');
    return text.startsWith('{') ? text : '';
  }
}

function shapeOf({ content, contentArgs, transform, transformEach }: ResponseField): Shape | null {
  if (content !== 'json' || transformEach || Object.keys(contentArgs).length > 0) return null;
  const call = (transform as { function?: unknown } | null)?.function;
  if (call === '{content}') return { name: 'name', arguments: 'arguments' };
  if (typeof call !== 'object' || call === null) return null;
  const { name, arguments: args } = call as { name?: unknown; arguments?: unknown };
  const memberOf = (placeholder: unknown) => /^\{content\.(\w+)\}$/.exec(String(placeholder))?.[1];
  if (name === '{name}' && args === '{content}') return { name: null, arguments: null };
  const [nameKey, argumentsKey] = [memberOf(name), memberOf(args)];
  return nameKey === undefined || argumentsKey === undefined
    ? null
    : { name: nameKey, arguments: argumentsKey };
}

function stringOf(json: string): string | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
