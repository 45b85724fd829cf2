/** What spoils structure: indices, order, calls, signatures. */
import { call, type Spoils } from './sound.ts';

export const graphSpoils = {
  BUFFER_INDEX: [
    ['subgraphs[0].tensors[0].buffer', ({ graph }) => (graph.tensors![0]!.buffer = 99)],
    ['metadata[0].buffer', ({ model }) => (model.metadata = [{ name: 'm', buffer: 99 }])],
    ['metadata_buffer[1]', ({ model }) => (model.metadataBuffer = [0, -1])],
  ],
  OPCODE_INDEX: [
    ['subgraphs[0].operators[1].opcode_index', ({ operator }) => (operator(1).opcodeIndex = 50)],
  ],
  SUBGRAPH_INDEX: [
    ['signature_defs[0].subgraph_index', ({ model }) => (model.signatureDefs![0]!.subgraphIndex = 7)],
    ['subgraphs[0].operators[4].builtin_options.subgraph', (parts) => call(parts, 9)],
  ],
  TENSOR_INDEX: [
    ['subgraphs[0].inputs[0]', ({ graph }) => (graph.inputs![0] = -1)],
    ['subgraphs[0].outputs[0]', ({ graph }) => (graph.outputs![0] = 1000)],
    ['subgraphs[0].operators[0].inputs[1]', ({ operator }) => (operator(0).inputs![1] = -2)],
    ['subgraphs[0].operators[0].intermediates[0]', ({ operator }) => (operator(0).intermediates = [77])],
    [
      'signature_defs[0].inputs[1].tensor_index',
      ({ model }) => (model.signatureDefs![0]!.inputs![1]!.tensorIndex = 99),
    ],
  ],
  TENSOR_PRODUCERS: [
    ['subgraphs[0].operators[3].outputs[0]', ({ operator }) => (operator(3).outputs = operator(2).outputs)],
  ],
  CONSTANT_WRITTEN: [
    [
      'subgraphs[0].operators[0].outputs[0]',
      ({ operator }) => (operator(0).outputs = [operator(0).inputs![1]!]),
    ],
  ],
  GRAPH_CYCLE: [
    ['subgraphs[0].operators[1]', ({ operator }) => (operator(1).inputs![1] = operator(3).outputs![0]!)],
    ['subgraphs[0].operators[3]', ({ operator }) => (operator(3).inputs![0] = operator(3).outputs![0]!)],
  ],
  OPERATOR_ORDER: [['subgraphs[0].operators[0].inputs[0]', ({ graph }) => void graph.operators!.reverse()]],
  MODEL_EMPTY: [
    ['subgraphs', ({ model }) => Object.assign(model, { subgraphs: [], signatureDefs: null })],
    ['subgraphs', ({ model }) => Object.assign(model, { subgraphs: null, signatureDefs: null })],
  ],
  SUBGRAPH_RECURSION: [['subgraphs[0].operators[4].builtin_options.subgraph', (parts) => call(parts, 0)]],
  SUBGRAPH_CALL: [
    [
      'subgraphs[0].operators[4].builtin_options.subgraph',
      (parts) => {
        call(parts, 1);
        parts.model.subgraphs![1]!.inputs = [];
      },
    ],
  ],
  GRAPH_INPUT_WRITTEN: [['subgraphs[0].inputs[0]', ({ operator }) => (operator(3).outputs = [0])]],
  GRAPH_INPUT_DATA: [
    ['subgraphs[0].inputs[2]', ({ graph, operator }) => void graph.inputs!.push(operator(0).inputs![1]!)],
  ],
  GRAPH_INPUT_TWICE: [['subgraphs[0].inputs[2]', ({ graph }) => void graph.inputs!.push(0)]],
  OUTPUT_PRODUCERLESS: [['subgraphs[0].outputs[0]', ({ graph }) => void graph.operators!.pop()]],
  SIGNATURE_KEY: [
    ['signature_defs[0].signature_key', ({ model }) => (model.signatureDefs![0]!.signatureKey = null)],
    [
      'signature_defs[1].signature_key',
      ({ model }) => model.signatureDefs!.push({ ...model.signatureDefs![0]! }),
    ],
  ],
  SIGNATURE_PORT: [
    ['signature_defs[0].inputs[0].name', ({ model }) => (model.signatureDefs![0]!.inputs![0]!.name = null)],
    ['signature_defs[0].inputs[1].name', ({ model }) => (model.signatureDefs![0]!.inputs![1]!.name = 'x')],
    [
      'signature_defs[0].outputs[0].tensor_index',
      ({ model }) => (model.signatureDefs![0]!.outputs![0]!.tensorIndex = 0),
    ],
  ],
  SIGNATURE_INCOMPLETE: [
    ['signature_defs[0].inputs', ({ model }) => void model.signatureDefs![0]!.inputs!.pop()],
  ],
} satisfies Record<string, Spoils>;
