/**
 * Operators and constants of two graphs as numbers: equal things get the same number in both, so that comparing them,
 * or looking for them in a map, costs nothing. The numbers mean nothing by themselves.
 */
import { createHash } from 'node:crypto';
import type { CircleBuffer } from '../../circle/index.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { bytesOf } from '../graph/index.ts';
import { opName, optionsText, typeText, withoutGraphs } from './describe.ts';

/** What stands for an input of an operator: a text that both graphs use for what corresponds. */
export type InputLabel = (value: Value) => string;

export class Labels {
  readonly #numbers = new Map<string, number>();
  readonly #kinds = new Map<Op, number>();
  readonly #constants = new Map<Value, string>();
  readonly #digests = new Map<CircleBuffer, string>();

  /** The same number for the same text. */
  number(text: string): number {
    const found = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, found);
    return found;
  }

  /** The operator by itself: code, options, constants. Which tensors it reads does not matter. */
  kind(op: Op): number {
    let kind = this.#kinds.get(op);
    if (kind === undefined) {
      const operands = op.inputs.map((input) =>
        input === null ? '-' : input.isConstant ? this.constant(input) : '*',
      );
      kind = this.number(`kind ${callText(op)} ${optionsText(withoutGraphs(op))} ${operands.join()}`);
      this.#kinds.set(op, kind);
    }
    return kind;
  }

  /** The operator without its options and constants. */
  call(op: Op): number {
    return this.number(`call ${callText(op)}`);
  }

  /** Type, shape and content of a constant. */
  constant(value: Value): string {
    let text = this.#constants.get(value);
    if (text === undefined) {
      let digest = this.#digests.get(value.buffer);
      if (digest === undefined) {
        digest = createHash('sha256').update(bytesOf(value)!).digest('base64');
        this.#digests.set(value.buffer, digest);
      }
      text = `${typeText(value)} ${digest}`;
      this.#constants.set(value, text);
    }
    return text;
  }

  /**
   * What each operator of a graph computes, written in terms of `known`: operators get the same label when they are of
   * the same kind and read what has the same label, back to the values for which `known` has one.
   */
  computations(graph: Graph, known: (value: Value) => string | undefined): Map<Op, number> {
    const found = new Map<Op, number>();
    const label: InputLabel = (value) => {
      const text = known(value);
      if (text !== undefined) return text;
      const { producer } = value;
      // A damaged file may read a tensor before it is made, and its operators may form a cycle.
      if (producer) return `${found.get(producer) ?? 'later'}.${producer.outputs.indexOf(value)}`;
      return value.isConstant ? this.constant(value) : 'unset';
    };
    for (const op of graph.ops) {
      const inputs = op.inputs.map((input) => (input === null ? '-' : label(input)));
      found.set(op, this.number(`computes ${this.kind(op)}(${inputs.join()})`));
    }
    return found;
  }
}

function callText(op: Op): string {
  return `${opName(op)} ${op.inputs.length} ${op.outputs.length}`;
}
