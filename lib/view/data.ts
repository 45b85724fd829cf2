/**
 * The data of a page: plain JSON, with all texts ready to show. The page's script only places and draws it, so
 * everything that needs the graph (folding, layout, statistics, differences) is done before.
 */

/** How something in the second model differs from the first; always `same` when there is one model. */
export type Status = 'same' | 'changed' | 'removed' | 'added';

export interface PageData {
  title: string;
  /** One model, or the two that are compared. */
  models: ModelData[];
  graphs: GraphData[];
  /** Blocks of the same form share a layout: 22 layers need one. */
  layouts: Layout[];
}

export interface ModelData {
  /** The file's name. */
  name: string;
  facts: Row[];
}

/** One subgraph, or a pair of them. */
export interface GraphData {
  title: string;
  status: Status;
  facts: Row[];
  nodes: NodeData[];
  tensors: TensorData[];
  /** The first is the graph itself. */
  blocks: BlockData[];
  /** One per model; of what the first block counts, what nothing makes or reads. */
  unused: Counts[];
  signatures: SignatureData[];
  changes: ChangeData[];
}

/** A label and its text. */
export type Row = [label: string, text: string];

/** An operator, or an input or output of the graph. */
export interface NodeData {
  kind: 'op' | 'input' | 'output';
  status: Status;
  /** ADD; for inputs and outputs, the tensor's name. */
  title: string;
  /** operators[17], as error messages name it. */
  place: string;
  options: Row[];
  inputs: PortData[];
  outputs: PortData[];
  /** What the first model had instead, where the two differ. */
  before?: { options: Row[]; inputs: PortData[]; outputs: PortData[] };
  /** The innermost block that holds it. */
  block: number;
}

/** One place in an operator's list of inputs or outputs. */
export interface PortData {
  label: string;
  /** null: the operator does not have this optional operand. */
  tensor: number | null;
}

export interface TensorData {
  status: Status;
  name: string;
  type: string;
  /** 1×16×30×4, or scalar */
  shape: string;
  facts: Row[];
  constant?: ConstantData;
  /** Type and shape in the first model, where they differ. */
  before?: string;
}

export interface ConstantData {
  bytes: number;
  /** All elements of a small constant. */
  values?: string;
  statistics?: Statistics;
}

export interface Statistics {
  /** Number of elements, and how many are NaN or infinite; the other figures ignore those. */
  count: number;
  nonFinite: number;
  zeros: number;
  min: number;
  max: number;
  mean: number;
  /** Standard deviation of the whole population. */
  std: number;
  /** Counts in equal bins from min to max. */
  histogram: number[];
}

export type ChildKind = 'node' | 'block' | 'port';

/** What is drawn inside a block: a node, a block within it, or a tensor that crosses its border. */
export interface ChildData {
  kind: ChildKind;
  /** Number of the node, block or tensor. */
  index: number;
  /** May have line breaks. */
  title: string;
  /** Small print below the title: constants, fused activation, what is in a folded block. */
  lines: string[];
  /** Tensors that it reads and that are not drawn as lines, because too many boxes read them. */
  shared: number[];
}

/** What a block holds of one model, at any depth. */
export interface Counts {
  operators: number;
  tensors: number;
  /** Of constants; data that several tensors share counts once. */
  bytes: number;
}

export interface BlockData {
  title: string;
  /** Holds copies of one layer and nothing else. */
  isStack: boolean;
  facts: Row[];
  /** One per model. A block counts what the blocks in it count, and what lies beside them. */
  counts: Counts[];
  status: Status;
  parent: number | null;
  children: ChildData[];
  /** In the order of the layout's edges. */
  edges: { tensors: number[]; status: Status; label: string }[];
  layout: number;
}

/** Where a block's children stand while all of them are folded. Units are CSS pixels at scale 1. */
export interface Layout {
  width: number;
  height: number;
  /** One per child: its middle and its size. */
  boxes: [x: number, y: number, width: number, height: number][];
  edges: LayoutEdge[];
}

export interface LayoutEdge {
  /** Numbers of children. */
  from: number;
  to: number;
  points: Point[];
  /** Middle of the label. */
  label: Point | null;
}

export type Point = [x: number, y: number];

export interface SignatureData {
  key: string;
  status: Status;
  inputs: { name: string; tensor: number }[];
  outputs: { name: string; tensor: number }[];
}

/** Operators that were removed together, and what replaced them. */
export interface ChangeData {
  title: string;
  /** Numbers of the nodes that the change consists of. */
  nodes: number[];
}
