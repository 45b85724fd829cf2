/**
 * What is used of @huggingface/jinja 0.5. Its own declarations import files without extensions, which TypeScript does not
 * find under NodeNext: everything would silently be `any`.
 */
declare module '@huggingface/jinja' {
  /** A value inside a template: 'StringValue', 'ArrayValue', … */
  export interface RuntimeValue {
    type: string;
    value: unknown;
  }

  export interface Statement {
    type: string;
  }

  export interface Token {
    type: string;
    value: string;
  }

  export class Environment {
    /** Converts a JavaScript value, and gives what it made of it. @throws Error where the name is taken */
    set(name: string, value: unknown): RuntimeValue;
  }

  export class Interpreter {
    constructor(environment?: Environment);
    run(program: Statement): RuntimeValue;
    evaluate(statement: Statement | undefined, environment: Environment): RuntimeValue;
  }

  export function tokenize(
    source: string,
    options?: { lstrip_blocks?: boolean; trim_blocks?: boolean },
  ): Token[];
  export function parse(tokens: Token[]): Statement;
}
