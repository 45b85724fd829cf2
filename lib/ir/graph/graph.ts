/**
 * The graph of objects that passes rewrite. File indices do not exist here: operators point at values, values at
 * their producer and users. `lift` makes it from a Circle model, `lower` numbers everything again, and
 * `edit.ts` is the only place that changes edges, so that `producer` and `users` are always true.
 */
import {
  type BuiltinOperator,
  builtinCodeOf,
  type CircleBuffer,
  hasData,
  type Operator,
  type OperatorCode,
  operatorCode,
  type SubGraph,
  type Tensor,
  type TensorType,
} from '../../circle/index.ts';

/** A tensor: a constant (its buffer has data), a graph input, or the output of one operator. */
export class Value {
  /** Everything the file says of the tensor but its buffer's number. */
  readonly attributes: Omit<Tensor, 'buffer'>;
  buffer: CircleBuffer;
  producer: Op | null = null;
  /** One entry per use: an operator that reads the value twice stands here twice. Graph outputs are not users. */
  readonly users: Op[] = [];

  constructor(attributes: Omit<Tensor, 'buffer'>, buffer: CircleBuffer) {
    this.attributes = attributes;
    this.buffer = buffer;
  }

  get name(): string {
    return this.attributes.name ?? '';
  }
  set name(name: string) {
    this.attributes.name = name;
  }
  get type(): TensorType {
    return this.attributes.type;
  }
  set type(type: TensorType) {
    this.attributes.type = type;
  }
  /** Dimensions; a scalar's are []. */
  get shape(): readonly number[] {
    return this.attributes.shape ?? [];
  }
  set shape(shape: readonly number[]) {
    this.attributes.shape = [...shape];
  }
  get isConstant(): boolean {
    return hasData(this.attributes, this.buffer);
  }
}

/** An operator's place in another graph of the module, kept as an object so that graphs can be reordered. */
export interface GraphReference {
  /** Which of the two option unions, and which field of it. */
  holder: 'builtinOptions' | 'builtinOptions2';
  field: string;
  /** The graphs; a single one for a scalar field. */
  graphs: Graph[];
  isVector: boolean;
}

export class Op {
  opcode: OperatorCode;
  /** null: an optional input that is left out (-1 in the file). */
  readonly inputs: (Value | null)[];
  readonly outputs: (Value | null)[];
  readonly intermediates: (Value | null)[] | null;
  readonly graphReferences: GraphReference[];
  /** Everything the file says of the operator but its indices. */
  readonly attributes: Omit<Operator, 'opcodeIndex' | 'inputs' | 'outputs' | 'intermediates'>;
  /** Whether the file has the inputs and outputs vectors at all (presence is kept). */
  readonly has: { inputs: boolean; outputs: boolean };

  constructor(parts: {
    opcode: OperatorCode;
    inputs: (Value | null)[];
    outputs: (Value | null)[];
    intermediates?: (Value | null)[] | null;
    graphReferences?: GraphReference[];
    attributes: Op['attributes'];
    has?: { inputs: boolean; outputs: boolean };
  }) {
    this.opcode = parts.opcode;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.intermediates = parts.intermediates ?? null;
    this.graphReferences = parts.graphReferences ?? [];
    this.attributes = parts.attributes;
    this.has = parts.has ?? { inputs: true, outputs: true };
  }

  /** The operator's number, whichever of the two code fields the file uses. */
  get code(): BuiltinOperator {
    return builtinCodeOf(this.opcode);
  }
  /** Input i, which the operator's definition requires. */
  input(i: number): Value | undefined {
    return this.inputs[i] ?? undefined;
  }
  /** The first output, if the operator has one. */
  get output(): Value | undefined {
    return this.outputs[0] ?? undefined;
  }
}

/** One subgraph. `ops` is in execution order; `values` holds every tensor, used or not, in file order. */
export class Graph {
  inputs: Value[] = [];
  outputs: Value[] = [];
  ops: Op[] = [];
  values: Value[] = [];
  readonly attributes: Omit<SubGraph, 'tensors' | 'inputs' | 'outputs' | 'operators'>;
  readonly has: { tensors: boolean; inputs: boolean; outputs: boolean; operators: boolean };

  constructor(
    attributes: Graph['attributes'],
    has: Graph['has'] = { tensors: true, inputs: true, outputs: true, operators: true },
  ) {
    this.attributes = attributes;
    this.has = has;
  }

  get name(): string {
    return this.attributes.name ?? '';
  }
}

export interface SignaturePort {
  name: string | null;
  value: Value;
}

/** A named entry point: which graph it runs and how its inputs and outputs are called. */
export interface Signature {
  key: string | null;
  graph: Graph;
  inputs: SignaturePort[] | null;
  outputs: SignaturePort[] | null;
}

/** A whole Circle file as objects. */
export class Module {
  version = 0;
  description: string | null = null;
  /** In file order; `opcode()` finds or adds one. */
  opcodes: OperatorCode[] = [];
  graphs: Graph[] = [];
  /** In file order; the first is the empty sentinel that every value without data shares. */
  buffers: CircleBuffer[] = [];
  metadata: { name: string | null; buffer: CircleBuffer }[] | null = null;
  metadataBuffer: CircleBuffer[] | null = null;
  signatures: Signature[] | null = null;
  /** Which of the model's vectors the file has at all. */
  has = { opcodes: true, graphs: true, buffers: true };

  /** The operator code object of a builtin operator, added to the table when it is new. */
  opcode(code: BuiltinOperator): OperatorCode {
    const found = this.opcodes.find(
      (o) => builtinCodeOf(o) === code && o.customCode === null && o.version === 1,
    );
    if (found) return found;
    const made = operatorCode(code);
    this.opcodes.push(made);
    return made;
  }

  /** The empty buffer that values without data share. */
  get sentinel(): CircleBuffer {
    const first = this.buffers[0];
    if (first && first.data === null) return first;
    const made: CircleBuffer = { data: null };
    this.buffers.unshift(made);
    return made;
  }
}
