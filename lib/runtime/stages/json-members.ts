/**
 * The members of a JSON object while its text arrives: the text of each value, as far as it is there. A tool call's
 * name is known long before its arguments end, and both can be shown as they come. What is no JSON object is never
 * complete; whether the whole is JSON is decided by JSON.parse at its end.
 */

export interface Member {
  key: string;
  /** The value's text so far, without white space around it. */
  text: string;
  isComplete: boolean;
}

type State = 'start' | 'key' | 'colon' | 'value' | 'comma' | 'end';

export class JsonMembers {
  readonly members: Member[] = [];
  #state: State = 'start';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #key = '';

  push(text: string): void {
    for (const char of text) this.#take(char);
  }

  #take(char: string): void {
    if (this.#inString) {
      this.#takeInString(char);
      return;
    }
    const isSpace = ' \t\r\n'.includes(char);
    switch (this.#state) {
      case 'start':
        if (!isSpace) this.#state = char === '{' ? 'key' : 'end';
        break;
      case 'key':
        if (isSpace || char === ',') break;
        this.#state = char === '"' ? 'key' : 'end';
        this.#inString = char === '"';
        this.#key = char;
        break;
      case 'colon':
        if (!isSpace) this.#state = char === ':' ? 'value' : 'end';
        break;
      case 'value':
        this.#takeInValue(char, isSpace);
        break;
      case 'comma':
        if (!isSpace) this.#state = char === ',' ? 'key' : 'end';
        break;
      case 'end':
    }
  }

  #takeInString(char: string): void {
    this.#inString = this.#escaped || char !== '"';
    this.#escaped = !this.#escaped && char === '\\';
    if (this.#state === 'value') {
      this.members.at(-1)!.text += char;
      if (!this.#inString && this.#depth === 0) this.#endValue('comma');
      return;
    }
    this.#key += char;
    if (!this.#inString) this.#beginValue();
  }

  #beginValue(): void {
    let key: unknown;
    try {
      key = JSON.parse(this.#key);
    } catch {
      // A string with a raw line break, for example: no JSON.
    }
    this.#state = typeof key === 'string' ? 'colon' : 'end';
    if (typeof key === 'string') this.members.push({ key, text: '', isComplete: false });
  }

  #takeInValue(char: string, isSpace: boolean): void {
    const member = this.members.at(-1)!;
    const hasBegun = member.text !== '';
    if (this.#depth === 0 && hasBegun && (isSpace || char === ',' || char === '}')) {
      // A number, true, false or null ends with what is no longer part of it.
      this.#endValue(char === ',' ? 'key' : isSpace ? 'comma' : 'end');
      return;
    }
    if (!hasBegun && isSpace) return;
    member.text += char;
    if (char === '"') this.#inString = true;
    else if (char === '{' || char === '[') this.#depth++;
    else if (char === '}' || char === ']') {
      this.#depth--;
      if (this.#depth === 0) this.#endValue('comma');
      if (this.#depth < 0) this.#state = 'end';
    }
  }

  #endValue(next: State): void {
    this.members.at(-1)!.isComplete = true;
    this.#state = next;
  }
}
