/** One or two models as the data of a page. */
import { readBytes, tensorTypeName } from '../circle/index.ts';
import { compareModules } from '../ir/diff/index.ts';
import type { Graph, Module, Op, Value } from '../ir/graph/index.ts';
import { blockLines } from './boxes.ts';
import { changesOf } from './changes.ts';
import { byteRows, countsOf } from './counts.ts';
import type {
  BlockData,
  ConstantData,
  GraphData,
  NodeData,
  PageData,
  PortData,
  Row,
  SignatureData,
  Status,
  TensorData,
} from './data.ts';
import { optionRows, portName, shapeText, titleOf, typeText } from './describe.ts';
import { interiorsOf } from './interior.ts';
import { Layouts } from './layout.ts';
import { quantizationRows } from './quantization.ts';
import { graphsOf, type Pair, type Scene, type Subject, sceneOf } from './scene.ts';
import { statisticsOf, valuesOf } from './statistics.ts';
import { type Tree, treeOf } from './tree.ts';
import { plural } from './words.ts';

export interface NamedModule {
  name: string;
  module: Module;
}

/** @param before the model that `after` was made from; null to look at one model */
export function collect(before: NamedModule | null, after: NamedModule): PageData {
  const layouts = new Layouts();
  const constants = new Constants();
  const modules = { before: before?.module ?? null, after: after.module };
  const graphs = subjectsOf(modules).map((subject, i) =>
    collectGraph(subject, modules, i, layouts, constants),
  );
  const models = before ? [before, after] : [after];
  return {
    title: models.map(({ name }) => name).join(' → '),
    models: models.map(({ name, module }) => ({ name, facts: modelFacts(module) })),
    graphs,
    layouts: layouts.list,
  };
}

/** Every graph of both models, in the order of the second; graphs that only the first has follow. */
function subjectsOf({ before, after }: { before: Module | null; after: Module }): Subject[] {
  if (!before) return after.graphs.map((graph) => ({ kind: 'alone', graph }));
  const { graphs } = compareModules(before, after, { ignoreNames: true });
  const partners = new Map(graphs.map((compared) => [compared.second, compared]));
  const kept = new Set(graphs.map(({ first }) => first));
  return [
    ...after.graphs.map((graph): Subject => {
      const compared = partners.get(graph);
      return compared ? { kind: 'both', compared } : { kind: 'added', graph };
    }),
    ...before.graphs
      .filter((graph) => !kept.has(graph))
      .map((graph): Subject => ({ kind: 'removed', graph })),
  ];
}

function modelFacts(module: Module): Row[] {
  const rows: Row[] = [['version', String(module.version)], ...byteRows(module)];
  if (module.description) rows.unshift(['description', module.description]);
  for (const { name, buffer } of module.metadata ?? [])
    rows.push([`metadata ${name ?? ''}`, `${(buffer.data?.byteLength ?? 0).toLocaleString('en')} bytes`]);
  return rows;
}

function collectGraph(
  subject: Subject,
  modules: Pair<Module>,
  number: number,
  layouts: Layouts,
  constants: Constants,
): GraphData {
  const pair = graphsOf(subject);
  const { before, after } = pair;
  const scene = sceneOf(subject);
  const tree = treeOf(scene, before, after);
  const places = placesOf(before, after);
  const counts = sidesOf(modules).map((side) => countsOf(pair[side], side, scene, tree));
  const ofBlock = tree.blocks.map((_, i) => counts.map(({ blocks }) => blocks[i]!));
  const interiors = interiorsOf(scene, tree, ofBlock);
  const blocks = tree.blocks.map((block, i): BlockData => {
    const { children, edges } = interiors[i]!;
    return {
      title: block.title,
      isStack: block.isStack,
      facts: blockLines(scene, block, ofBlock[i]!).map((line): Row => ['', line]),
      counts: ofBlock[i]!,
      status: block.status,
      parent: block.parent,
      children,
      edges: edges.map(({ tensors, status, label }) => ({ tensors, status, label })),
      layout: layouts.add(interiors[i]!),
    };
  });
  const status: Status = subject.kind === 'added' || subject.kind === 'removed' ? subject.kind : 'same';
  const graph = (after ?? before)!;
  const signatures = signaturesOf(pair, modules, scene);
  return {
    title: signatures[0]?.key || graph.name || `subgraph ${number}`,
    status,
    facts: graphFacts(graph),
    nodes: scene.nodes.map((_, i) => nodeData(scene, tree, i, places)),
    tensors: scene.tensors.map((tensor) => tensorData(tensor, constants)),
    blocks,
    unused: counts.map(({ unused }) => unused),
    signatures,
    changes: changesOf(scene, tree),
  };
}

/** Of one model only the second side is there. */
function sidesOf({ before }: Pair<Module>): ('before' | 'after')[] {
  return before ? ['before', 'after'] : ['after'];
}

function graphFacts(graph: Graph): Row[] {
  const constants = graph.values.filter((value) => value.isConstant).length;
  const rows: Row[] = graph.name ? [['name', graph.name]] : [];
  return [
    ...rows,
    ['constants', `${plural(constants, 'tensor')} of ${graph.values.length.toLocaleString('en')}`],
  ];
}

/** operators[17], inputs[0]: as error messages name them. */
function placesOf(...graphs: (Graph | null)[]): Map<Op | Value, string> {
  const places = new Map<Op | Value, string>();
  for (const graph of graphs) {
    graph?.ops.forEach((op, i) => {
      places.set(op, `operators[${i}]`);
    });
    graph?.values.forEach((value, i) => {
      places.set(value, `tensors[${i}]`);
    });
  }
  return places;
}

function nodeData(scene: Scene, tree: Tree, number: number, places: Map<Op | Value, string>): NodeData {
  const { kind, status, op, tensor } = scene.nodes[number]!;
  const block = tree.home[number]!;
  if (kind !== 'op') {
    const { before, after } = scene.tensors[tensor]!;
    const value = (after ?? before)!;
    const port = [{ label: kind, tensor }];
    return {
      kind,
      status,
      title: value.name,
      place: places.get(value)!,
      options: [],
      inputs: kind === 'output' ? port : [],
      outputs: kind === 'input' ? port : [],
      block,
    };
  }
  const shown = (op.after ?? op.before)!;
  return {
    kind,
    status,
    title: titleOf(shown),
    place: [op.before, op.after].flatMap((side) => (side ? [places.get(side)!] : [])).join(' → '),
    ...sideData(scene, shown),
    ...(status === 'changed' ? { before: sideData(scene, op.before!) } : {}),
    block,
  };
}

function sideData(scene: Scene, op: Op): { options: Row[]; inputs: PortData[]; outputs: PortData[] } {
  const port = (value: Value | null, label: string): PortData => ({
    label,
    tensor: value && scene.numbers.get(value)!,
  });
  return {
    options: optionRows(op),
    inputs: op.inputs.map((value, i) => port(value, portName(op, i))),
    outputs: op.outputs.map((value, i) => port(value, String(i))),
  };
}

function tensorData({ before, after, status }: Scene['tensors'][number], constants: Constants): TensorData {
  const value = (after ?? before)!;
  const constant = constants.describe(value);
  const changed = before && after && typeText(before) !== typeText(after);
  return {
    status,
    name: value.name,
    type: tensorTypeName(value.type),
    shape: shapeText(value),
    facts: quantizationRows(value),
    ...(constant ? { constant } : {}),
    ...(changed ? { before: typeText(before) } : {}),
  };
}

/** Constants are looked through once, however many tensors share them. */
class Constants {
  readonly #known = new Map<object, Map<string, ConstantData>>();

  describe({ type, shape, buffer }: Value): ConstantData | undefined {
    if (buffer.data === null) return undefined;
    const key = `${type} ${shape.join()}`;
    const ofBuffer = this.#known.get(buffer) ?? new Map<string, ConstantData>();
    this.#known.set(buffer, ofBuffer);
    let found = ofBuffer.get(key);
    if (!found) {
      const bytes = readBytes(buffer.data);
      const values = valuesOf(type, shape, bytes);
      const statistics = statisticsOf(type, shape, bytes);
      found = {
        bytes: bytes.byteLength,
        ...(values === undefined ? {} : { values }),
        ...(statistics ? { statistics } : {}),
      };
      ofBuffer.set(key, found);
    }
    return found;
  }
}

function signaturesOf(pair: Pair<Graph>, modules: Pair<Module>, scene: Scene): SignatureData[] {
  const of = (side: 'before' | 'after') =>
    (modules[side]?.signatures ?? []).filter(({ graph }) => graph === pair[side]);
  const [old, now] = [of('before'), of('after')];
  const keys = (list: typeof now) => new Set(list.map(({ key }) => key));
  const describe = ({ key, inputs, outputs }: (typeof now)[number], status: Status): SignatureData => {
    const ports = (list: typeof inputs) =>
      (list ?? []).map(({ name, value }) => ({ name: name ?? '', tensor: scene.numbers.get(value)! }));
    return { key: key ?? '', status, inputs: ports(inputs), outputs: ports(outputs) };
  };
  return [
    ...now.map((s) => describe(s, modules.before && !keys(old).has(s.key) ? 'added' : 'same')),
    ...old.filter((s) => !keys(now).has(s.key)).map((s) => describe(s, 'removed')),
  ];
}
