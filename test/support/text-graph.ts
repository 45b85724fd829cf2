/**
 * Reads the language of lib/circle/print, for tests: what `o2o print` writes, and by hand
 *
 *   input  x f32[1,1,4]                 a graph input
 *   const  w f32[2,4] = 1 2 3 …         a constant; `= random 7` fills it from a seed
 *   y = FULLY_CONNECTED(x, w, -) keepNumDims=true
 *   lo, hi = SPLIT(0, y)                several outputs; types and shapes that are not said are inferred
 *   z: f32[1,2] = CUSTOM:mine(y)        … which they must be where there is no inference
 *   output z
 */
import { type TensorType, TensorType as Types } from '../../lib/circle/index.ts';
import { typeNamed } from '../../lib/circle/print/types.ts';
import { inferOutputs } from '../../lib/ir/evaluate/shape.ts';
import {
  addConstant,
  addValue,
  Graph,
  graphReferences,
  Module,
  type Op,
  type Value,
} from '../../lib/ir/graph/index.ts';
import { bytesOf, type Constants, readData } from './text/data.ts';
import { readField } from './text/fields.ts';
import { readMetadata, readModelLine, readSignature } from './text/model.ts';
import { readOpcode, readOperator } from './text/operator.ts';
import { scan, Words } from './text/scan.ts';

export interface TextGraph {
  module: Module;
  /** The first graph. */
  graph: Graph;
  /** The value of that name in the first graph. */
  value(name: string): Value;
}

/** Reads a text, usually one graph. @throws Error with the line that cannot be read. */
export function textGraph(text: string, constants: Constants = () => undefined): TextGraph {
  const module = new Module();
  const readers: GraphReader[] = [];
  const signatures: (() => void)[] = [];
  const start = (name: string | null): GraphReader => {
    const reader = new GraphReader(module, new Graph({ name, debugMetadataIndex: -1 }), constants);
    module.graphs.push(reader.graph);
    readers.push(reader);
    return reader;
  };
  const tensorOf = (g: number, words: Words) => readers[g]!.reference(words)!;
  for (const { words: list, line } of scan(text)) {
    const words = new Words(list);
    const guarded = (work: () => void) => {
      try {
        work();
        if (!words.isAtEnd) throw new Error(`expected the end of the line, got '${words.peek().text}'`);
      } catch (error) {
        const shown = list.map((word) => word.text).join(' ');
        throw new Error(`line ${line}, '${shown}': ${(error as Error).message}`, { cause: error });
      }
    };
    // Signatures name tensors of graphs that come later.
    if (isKeyword(words, 'signature'))
      signatures.push(() => guarded(() => readSignature(words, module, tensorOf)));
    else
      guarded(() => {
        if (isKeyword(words, 'model')) readModelLine(words, module);
        else if (isKeyword(words, 'metadata')) readMetadata(words, module, constants);
        else if (isKeyword(words, 'graph')) readGraphLine(words, start);
        else (readers.at(-1) ?? start('subgraph')).read(words);
      });
  }
  for (const read of signatures) read();
  // Options number subgraphs, which may come later too.
  for (const { ops } of module.graphs)
    for (const op of ops) op.graphReferences.push(...graphReferences(module, op.attributes));
  const first = readers[0] ?? start('subgraph');
  return { module, graph: first.graph, value: (name) => first.named(name) };
}

/** A keyword is followed by a name, a field or nothing; a tensor called so by `=`, `:`, `,` or `(`. */
function isKeyword(words: Words, keyword: string): boolean {
  return (
    words.peek().text === keyword &&
    words.peek().kind === 'name' &&
    !['=', ':', ',', '('].some((mark) => words.is(mark, 1))
  );
}

function readGraphLine(words: Words, start: (name: string | null) => GraphReader): void {
  words.next();
  const hasName = words.peek().kind === 'name' || words.peek().kind === 'string';
  const { graph } = start(hasName ? words.name() : null);
  if (words.take('{')) while (!words.take('}')) readField(words, 'SubGraph', graph.attributes as never);
}

interface Declared {
  key: string;
  name: string | null;
}

class GraphReader {
  readonly graph: Graph;
  private readonly module: Module;
  private readonly constants: Constants;
  private readonly values = new Map<string, Value>();
  private literals = 0;

  constructor(module: Module, graph: Graph, constants: Constants) {
    this.module = module;
    this.graph = graph;
    this.constants = constants;
  }

  named(name: string): Value {
    const found = this.values.get(keyOf(name, ''));
    if (!found) throw new Error(`no value '${name}' in the graph`);
    return found;
  }

  /** A tensor by name or number; null for `-`. */
  reference(words: Words): Value | null {
    if (words.take('-')) return null;
    const { key, name } = readName(words);
    const found = this.values.get(key);
    if (!found) throw new Error(`no value '${name}'`);
    return found;
  }

  read(words: Words): void {
    if (isKeyword(words, 'output')) {
      words.next();
      this.graph.outputs.push(this.reference(words)!);
    } else if (['input', 'const', 'tensor'].some((keyword) => isKeyword(words, keyword))) this.declare(words);
    else this.operate(words);
  }

  private declare(words: Words): void {
    const keyword = words.next().text;
    const value = this.add(readName(words), words);
    if (keyword === 'input') this.graph.inputs.push(value);
    if (!words.take('=')) {
      if (keyword === 'const') throw new Error('expected = and the data of a constant');
      return;
    }
    const { type, shape } = value;
    value.buffer = { data: readData(words, type, shape, this.constants) };
    this.module.buffers.push(value.buffer);
  }

  /** A new tensor, its type and shape from the words where they are said. */
  private add({ key, name }: Declared, words?: Words): Value {
    if (this.values.has(key)) throw new Error(`'${name}' twice`);
    const value = addValue(this.module, this.graph, { name: name ?? '', type: Types.FLOAT32, shape: [] });
    value.attributes.name = name;
    if (words) readType(words, value);
    this.values.set(key, value);
    return value;
  }

  private operate(words: Words): void {
    const hasOutputs = !words.is('(', 1) && !(words.is(':', 1) && words.peek(2).kind === 'string');
    const outputs: { declared: Declared | null; value: Value | null; isTyped: boolean }[] = [];
    if (hasOutputs) {
      do {
        const declared = words.take('-') ? null : readName(words);
        const isTyped = declared !== null && words.take(':');
        outputs.push({ declared, isTyped, value: null });
        // Read now, put in later: an operator's literals come before its outputs.
        if (isTyped) outputs.at(-1)!.value = this.add(declared, words);
      } while (words.take(','));
      words.expect('=');
    }
    const opcode = readOpcode(words, this.module);
    const inputs = words.list('(', ')', () => this.argument(words));
    const op = readOperator(words, opcode, inputs, () => this.reference(words));
    for (const input of op.inputs) input?.users.push(op);
    for (const output of outputs) {
      const value = output.value ?? (output.declared && this.add(output.declared));
      op.outputs.push(value);
      if (value) value.producer = op;
    }
    // Rules for several outputs count them, so they must be there first.
    for (const [i, { declared, isTyped }] of outputs.entries())
      if (declared !== null && !isTyped) inferOutput(op, i);
    this.graph.ops.push(op);
  }

  private argument(words: Words): Value | null {
    const { kind, text } = words.peek();
    if (kind === 'number') {
      words.next();
      return /^-?\d+$/.test(text)
        ? this.literal(Types.INT32, [], [text])
        : this.literal(Types.FLOAT32, [], [text]);
    }
    if (words.is('[')) {
      const list = words.list('[', ']', () => words.next().text);
      return this.literal(Types.INT32, [list.length], list);
    }
    return this.reference(words);
  }

  private literal(type: TensorType, shape: number[], texts: string[]): Value {
    const bytes = bytesOf(type, texts);
    return addConstant(this.module, this.graph, { name: `literal_${this.literals++}`, type, shape, bytes });
  }
}

function inferOutput(op: Op, i: number): void {
  const spec = inferOutputs(op)?.[i];
  if (!spec) throw new Error(`no inference for output ${i}; say its type as 'name: f32[1]'`);
  op.outputs[i]!.type = spec.type;
  op.outputs[i]!.shape = spec.shape;
}

function readName(words: Words): Declared {
  const name = words.peek().kind === 'tensor' ? null : words.name();
  const number = words.peek().kind === 'tensor' ? words.next().text : '';
  return { key: keyOf(name, number), name };
}

function keyOf(name: string | null, number: string): string {
  return JSON.stringify([name, number]);
}

/** `f32[1,32] {isVariable=true}` */
function readType(words: Words, value: Value): void {
  const name = words.name();
  const type = typeNamed(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  value.type = type;
  value.attributes.shape = words.is('[') ? words.list('[', ']', () => Number(words.next().text)) : null;
  if (words.take('{')) while (!words.take('}')) readField(words, 'Tensor', value.attributes as never);
}
