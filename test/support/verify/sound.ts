/** A sound model with every kind of data, for tests that spoil it. */
import {
  BuiltinOperator,
  BuiltinOptions,
  type Model,
  type Operator,
  operatorCode,
  type SubGraph,
  type Tensor,
} from '../../../lib/circle/index.ts';
import { lower } from '../../../lib/ir/graph/index.ts';
import { textGraph } from '../text-graph.ts';

const SOUND = `
  signature run: graph 0 (x = x, state) -> (z)
  graph main
  input x f32[1,4]
  input state f32[1,2]
  const w f32[2,4] = 1 2 3 4 5 6 7 8
  const axes i32[0] = 0x
  const words str[2] = 0x02000000100000001100000013000000616262
  const packed i4[3] = 0x2103
  const blocks q8_0[1,32] = 0x${'00'.repeat(34)}
  const scaled i8[2,3] {quantization={scale=[0.5,0.25] zeroPoint=[0,1]}} = 1 2 3 4 5 6
  const micro mxfp4[1,32] {quantization={details=MXQuantization{axis=1}}} = 0x${'00'.repeat(17)}
  const sparse f32[2,3] {sparsity={traversalOrder=[0,1] dimMetadata=[{denseSize=2},{format=SPARSE_CSR arraySegments=Uint8Vector{values=0x000102} arrayIndices=Int32Vector{values=[2,0]}}]}} = 0x0000803f00000040
  tensor memory f32[1,2] {isVariable=true}
  y: f32[1,2] = FULLY_CONNECTED(x, w, -)
  s: f32[1,2] = ADD(y, state)
  t: f32[1,2] = ADD(s, memory)
  z: f32[1,2] = NEG(t)
  output z
  graph callee
  input a f32[1,2]
  output a
`;

export type Parts = {
  model: Model;
  graph: SubGraph;
  operator(i: number): Operator;
  tensor(name: string): Tensor;
};

export function sound(): Parts {
  const { module } = textGraph(SOUND);
  const model = lower(module);
  const graph = model.subgraphs![0]!;
  return {
    model,
    graph,
    operator: (i) => graph.operators![i]!,
    tensor: (name) => graph.tensors!.find((tensor) => tensor.name === name)!,
  };
}

export type Spoil = (parts: Parts) => void;

/** An operator that runs the second subgraph. */
export function call({ model, graph }: Parts, index: number): void {
  model.operatorCodes!.push(operatorCode(BuiltinOperator.CALL));
  graph.operators!.push({
    ...graph.operators![0]!,
    opcodeIndex: model.operatorCodes!.length - 1,
    inputs: [1],
    outputs: [graph.tensors!.length],
    builtinOptionsType: BuiltinOptions.CallOptions,
    builtinOptions: { subgraph: index },
  });
  graph.tensors!.push({ ...graph.tensors![1]!, name: 'called' });
}

export const dataOf = (parts: Parts, name: string) => parts.model.buffers![parts.tensor(name).buffer]!;

/** Changes that must give one code of finding, and where. */
export type Spoils = [path: string, spoil: Spoil][];
