/**
 * Every finding that verify can report. Messages and paths vary; codes and levels are stable: documentation and tests
 * read this table.
 *
 * An error is something that a run time must refuse or would compute garbage from. A warning is something that the
 * reference tools leave behind, or that only some run times mind. `stops: 'filters'` marks the errors after which
 * indices cannot be turned into objects: no filter takes such a model. All errors stop the run time.
 */
export type Level = 'error' | 'warning';

interface Entry {
  level: Level;
  stops?: 'filters';
  /** What is wrong, in a few words. */
  summary: string;
}

const index = (summary: string): Entry => ({ level: 'error', stops: 'filters', summary });
const error = (summary: string): Entry => ({ level: 'error', summary });
const warning = (summary: string): Entry => ({ level: 'warning', summary });

export const FINDINGS = {
  BUFFER_INDEX: index('a number of a buffer that is not there'),
  OPCODE_INDEX: index('a number of an operator code that is not there'),
  SUBGRAPH_INDEX: index('a number of a subgraph that is not there'),
  TENSOR_INDEX: index('a number of a tensor that is not there'),
  TENSOR_PRODUCERS: index('a tensor that two operators write'),
  CONSTANT_WRITTEN: index('a tensor with data that an operator writes'),
  GRAPH_CYCLE: index('operators that wait for each other'),
  OPERATOR_ORDER: index('an operator that stands before the one whose output it reads'),

  MODEL_EMPTY: error('a model without subgraphs'),
  SUBGRAPH_RECURSION: error('subgraphs that call each other in a circle'),
  SUBGRAPH_CALL: error('a call that does not fit the inputs or outputs of the subgraph called'),
  OPCODE_CUSTOM: error('a custom operator without a name'),
  OPERATOR_OPTIONS: error('options of another operator'),
  OPERATOR_INPUTS: error('a number of inputs that the operator does not have'),
  OPERATOR_OUTPUTS: error('a number of outputs that the operator does not have'),
  INPUT_MISSING: error('an input left out (-1) that the operator needs'),
  OUTPUT_MISSING: error('an output left out (-1)'),
  INPUT_UNDEFINED: error('an operator reads a tensor that nothing fills'),
  GRAPH_INPUT_WRITTEN: error('a graph input that an operator writes'),
  GRAPH_INPUT_DATA: error('a graph input that has data of its own'),
  TENSOR_TYPE: error('an element type that the format does not have'),
  TENSOR_SHAPE: error('dimensions that no tensor can have'),
  TENSOR_SIZE: error('more bytes than can be counted'),
  DATA_SIZE: error('data of another size than type and shape say'),
  DATA_STRINGS: error('strings whose offsets are wrong'),
  VARIABLE_DATA: error('a variable tensor with data'),
  QUANTIZATION: error('quantisation parameters that do not fit the tensor'),
  SPARSITY: error('a sparse format that does not describe the tensor'),
  SIGNATURE_KEY: error('a signature without a name, or with the name of another'),
  SIGNATURE_PORT: error(
    'a port of a signature without a name, named twice, or beside the graph’s inputs and outputs',
  ),

  OUTPUT_PRODUCERLESS: warning('a graph output that nothing fills'),
  OPERATOR_WITHOUT_OUTPUTS: warning('an operator without outputs'),
  OPERATOR_UNKNOWN: warning('an operator number that the schema does not have'),
  OPTIONS_ABSENT: warning('options left out of an operator whose defaults matter'),
  OPCODE_FIELDS: warning('two code fields that disagree'),
  BUFFER_SENTINEL: warning('a first buffer that holds data; it stands for "no data"'),
  GRAPH_INPUT_TWICE: warning('a tensor that is two graph inputs'),
  SHAPE_SIGNATURE: warning('a shape signature that contradicts the shape'),
  MUTATING_INPUTS: warning('mutating_variable_inputs of another length than inputs'),
  SIGNATURE_INCOMPLETE: warning('a signature that leaves graph inputs without a name'),
} as const satisfies Record<string, Entry>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  code: FindingCode;
  level: Level;
  /** The object at fault: `subgraphs[0].operators[7].inputs[1]`. */
  path: string;
  /** Expected X, got Z. */
  message: string;
}

/** Where the checks put what they find. */
export type Report = (code: FindingCode, path: string, message: string) => void;

/** Whether filters refuse a model with that finding. */
export function stopsFilters(code: FindingCode): boolean {
  const entry: Entry = FINDINGS[code];
  return entry.stops === 'filters';
}
