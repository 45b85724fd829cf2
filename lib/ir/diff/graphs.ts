/** In what two graphs differ, once it is known what belongs together. */
import type { Graph, Op, Value } from '../graph/index.ts';
import { constantsDiffer, opName, optionsText, sourceText, typeText, withoutGraphs } from './describe.ts';
import type { Difference, Found } from './difference.ts';
import type { GraphMatch } from './match.ts';
import { movedPorts } from './ports.ts';

export interface GraphContext {
  path: string;
  /** Of the second graph. */
  otherPath: string;
  isSameGraph(a: Graph, b: Graph): boolean;
  ignoreNames: boolean;
  found: Found;
}

/** What differs, as objects of the first graph. */
export interface ChangedParts {
  /** Operators whose options, constants or output types differ from their partner's. */
  ops: ReadonlySet<Op>;
  /** Operators of which an input is not the partner of what the partner reads there. */
  rewired: ReadonlySet<Op>;
  /** Values whose type or content differs from a partner's. */
  values: ReadonlySet<Value>;
}

/** Ranks: inputs, then operators by number, then outputs. */
const INPUTS = -1;
const OUTPUTS = 5e8;

export function compareGraphs(a: Graph, b: Graph, match: GraphMatch, context: GraphContext): ChangedParts {
  const comparer = new Comparer(a, b, match, context);
  comparer.ports('inputs');
  comparer.ports('outputs');
  for (const [x, y] of match.ops) comparer.pairOfOps(x, y);
  comparer.outputSources();
  comparer.unpaired();
  return comparer.changed;
}

/** A place where an operator, or for `reader: null` the graph, reads something. */
interface Use {
  reader: [Op, Op] | null;
  place: string;
  rank: number;
}

class Comparer {
  readonly changed = { ops: new Set<Op>(), rewired: new Set<Op>(), values: new Set<Value>() };
  readonly #a: Graph;
  readonly #b: Graph;
  readonly #match: GraphMatch;
  readonly #context: GraphContext;
  readonly #numbers: ReadonlyMap<Op, number>;
  readonly #otherNumbers: ReadonlyMap<Op, number>;
  /** Pairs of values that have been compared: a constant may be read in many places. */
  readonly #compared = new Map<Value, Map<Value, boolean>>();
  /** Operators that stand where another one stood, and have been reported as that. */
  readonly #replaced = new Set<Op>();

  constructor(a: Graph, b: Graph, match: GraphMatch, context: GraphContext) {
    this.#a = a;
    this.#b = b;
    this.#match = match;
    this.#context = context;
    this.#numbers = new Map(a.ops.map((op, i) => [op, i]));
    this.#otherNumbers = new Map(b.ops.map((op, i) => [op, i]));
  }

  /** Inputs or outputs: what only one side has, what moved, and names and types of the others. */
  ports(side: 'inputs' | 'outputs'): void {
    const rank = side === 'inputs' ? INPUTS : OUTPUTS;
    const pairs = this.#match[side];
    const [left, right] = [this.#a[side], this.#b[side]];
    const only = (list: readonly Value[], taken: readonly number[], which: 'first' | 'second') =>
      list.forEach((value, i) => {
        if (taken.includes(i)) return;
        const path = `${which === 'first' ? this.#context.path : this.#context.otherPath}.${side}[${i}]`;
        const message = `'${value.name}' is only in the ${which}`;
        this.#context.found(rank, { kind: 'interface', side: which, path, message });
      });
    only(
      left,
      pairs.map(([i]) => i),
      'first',
    );
    only(
      right,
      pairs.map(([, j]) => j),
      'second',
    );
    for (const [i, j] of movedPorts(pairs))
      this.#both(rank, 'interface', [`${side}[${i}]`, `${side}[${j}]`], {
        message: `'${left[i]!.name}' is number ${i} of the ${side} against ${j}`,
      });
    for (const [i, j] of pairs)
      this.#values(left[i]!, right[j]!, rank, [`${side}[${i}]`, `${side}[${j}]`], false);
  }

  pairOfOps(x: Op, y: Op): void {
    const rank = this.#numbers.get(x)!;
    const places: [string, string] = [`operators[${rank}]`, `operators[${this.#otherNumbers.get(y)}]`];
    const [mine, theirs] = [optionsText(withoutGraphs(x)), optionsText(withoutGraphs(y))];
    const differs = (message: string) => {
      this.#both(rank, 'options', places, { message });
      this.changed.ops.add(x);
    };
    if (mine !== theirs) differs(`${opName(x)}: ${mine} against ${theirs}`);
    const calls = (op: Op) => op.graphReferences.flatMap(({ graphs }) => graphs);
    const [left, right] = [calls(x), calls(y)];
    if (
      left.length !== right.length ||
      !left.every((graph, i) => this.#context.isSameGraph(graph, right[i]!))
    )
      differs(`${opName(x)} runs other subgraphs`);
    x.outputs.forEach((output, i) => {
      const other = y.outputs[i];
      const at: [string, string] = [`${places[0]}.outputs[${i}]`, `${places[1]}.outputs[${i}]`];
      if (output && other && this.#values(output, other, rank, at)) this.changed.ops.add(x);
    });
    x.inputs.forEach((input, i) => {
      const use = { reader: [x, y] as [Op, Op], place: `inputs[${i}]`, rank };
      this.#sources(input, y.inputs[i] ?? null, use, places);
    });
  }

  outputSources(): void {
    for (const [i, j] of this.#match.outputs) {
      const use = { reader: null, place: `outputs[${i}]`, rank: OUTPUTS };
      this.#sources(this.#a.outputs[i]!, this.#b.outputs[j]!, use, [`outputs[${i}]`, `outputs[${j}]`]);
    }
  }

  /** Operators without a partner that no `#sources` has reported. */
  unpaired(): void {
    const sides = [
      ['first', this.#a, this.#match.ops, this.#numbers, this.#context.path],
      ['second', this.#b, this.#match.opsBack, this.#otherNumbers, this.#context.otherPath],
    ] as const;
    for (const [side, graph, partners, numbers, path] of sides)
      for (const op of graph.ops)
        if (!partners.has(op) && !this.#replaced.has(op))
          this.#context.found(numbers.get(op)!, {
            kind: 'operators',
            side,
            path: `${path}.operators[${numbers.get(op)}]`,
            message: `${callText(op)} is only in the ${side}`,
          });
  }

  /** What an operator or the graph reads at one place. */
  #sources(v: Value | null, w: Value | null, use: Use, places: [string, string]): void {
    const at = use.reader ? places.map((place) => `${place}.${use.place}`) : places;
    if (v?.isConstant && w?.isConstant) {
      if (this.#values(v, w, use.rank, at as [string, string]) && use.reader)
        this.changed.ops.add(use.reader[0]);
      return;
    }
    if (v === w || (v && w && this.#match.values.get(v) === w)) return;
    if (use.reader) this.changed.rewired.add(use.reader[0]);
    const [left, right] = [v?.producer, w?.producer];
    const isOpen = left && right && !this.#match.ops.has(left) && !this.#match.opsBack.has(right);
    if (isOpen && !this.#replaced.has(left) && !this.#replaced.has(right)) {
      this.#replaced.add(left).add(right);
      const numbers: [number, number] = [this.#numbers.get(left)!, this.#otherNumbers.get(right)!];
      const operators: [string, string] = [`operators[${numbers[0]}]`, `operators[${numbers[1]}]`];
      this.#both(numbers[0], 'operators', operators, { message: replacementText(left, right) });
    } else if (!(isOpen && this.#replaced.has(left) && this.#replaced.has(right)))
      this.#both(use.rank, 'connections', at as [string, string], {
        message: `${sourceText(v, this.#a)} against ${sourceText(w, this.#b)}`,
      });
  }

  /** Compares two values once. @returns whether type or content differ */
  #values(a: Value, b: Value, rank: number, places: [string, string], mayIgnoreName = true): boolean {
    const known = this.#compared.get(a)?.get(b);
    if (known !== undefined) return known;
    if (a.name !== b.name && !(mayIgnoreName && this.#context.ignoreNames))
      this.#both(rank, 'names', places, { message: `'${a.name}' against '${b.name}'` });
    const [mine, theirs] = [typeText(a), typeText(b)];
    if (mine !== theirs) this.#both(rank, 'types', places, { message: `${mine} against ${theirs}` });
    const content = a.isConstant && b.isConstant ? constantsDiffer(a, b) : undefined;
    if (content)
      this.#both(rank, 'constants', places, { ...content, message: `'${a.name}': ${content.message}` });
    const isChanged = mine !== theirs || content !== undefined;
    if (isChanged) this.changed.values.add(a);
    this.#compared.set(a, (this.#compared.get(a) ?? new Map<Value, boolean>()).set(b, isChanged));
    return isChanged;
  }

  #both(
    rank: number,
    kind: Difference['kind'],
    [place, otherPlace]: [string, string],
    rest: Pick<Difference, 'message' | 'maxDifference'>,
  ): void {
    const { path, otherPath, found } = this.#context;
    found(rank, {
      kind,
      side: 'both',
      path: `${path}.${place}`,
      otherPath: `${otherPath}.${otherPlace}`,
      ...rest,
    });
  }
}

function replacementText(left: Op, right: Op): string {
  const size = ({ inputs, outputs }: Op) => ` of ${inputs.length} inputs and ${outputs.length} outputs`;
  const [a, b] = opName(left) === opName(right) ? [size(left), size(right)] : ['', ''];
  return `${callText(left)}${a} against ${callText(right)}${b}`;
}

function callText(op: Op): string {
  return `${opName(op)}${op.output ? ` '${op.output.name}'` : ''}`;
}
