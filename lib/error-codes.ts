/**
 * Every code of a {@link GgmaError}: what it means, and what to do. The type checker refuses an error with another code,
 * and docs/errors.md is generated from this table, so neither can lack one. At run time only the type is imported.
 */
export const errorCodes = {
  ABORTED: [
    'options.signal ended a generation',
    "the error's cause is the signal's reason, its `partial` what had been generated",
  ],
  CANCELLED: ['a generation was left while a step was running', 'nothing: no caller waits for it any more'],
  CHAT_BUSY: [
    'a chat was asked for another answer before the last one ended',
    'read the last answer to its end, or leave it',
  ],
  CHECKPOINT_CHANGED: [
    'a file of weights changed while it was read',
    'leave the files alone until the export has ended',
  ],
  CIRCLE_CHANGED: ['a Circle file changed while it was read', 'write files under another name, then rename'],
  CIRCLE_CORRUPT: [
    'not a Circle file, or a damaged one',
    'make or copy the file again; `o2o verify FILE` says where it is damaged',
  ],
  CIRCLE_INVALID: [
    'a Circle file that can be read, but contradicts itself',
    '`o2o verify FILE` lists all findings',
  ],
  CIRCLE_RANGE: ['a number does not fit its field of the schema', 'correct the code that built the model'],
  CIRCLE_TOO_LARGE: ['more than a flatbuffer can hold (2 GiB)', '`--external-buffers`'],
  CIRCLE_UNSUPPORTED: ['a part of the Circle format that ggma does not read', 'export without it'],
  COMPILER: [
    'the addon cannot be compiled: a tool is missing, or the compiler found an error',
    'install what the message names; what the compiler said stands above it',
  ],
  CONFIG: [
    'a JSON file is unreadable, or a field has a wrong value',
    'the message names file, field and rule; correct the file',
  ],
  CONTEXT_OVERFLOW: [
    'prompt and maxTokens do not fit into the context',
    'shorten the prompt, lower maxTokens, or load with a larger contextSize',
  ],
  DISPOSED: [
    'the model is closed, or was closed while it worked',
    'close a model when its last call has ended',
  ],
  EVALUATE_INPUT: [
    'the reference interpreter got a tensor of another shape or type',
    'correct the calling code',
  ],
  EVALUATE_UNSUPPORTED: [
    'an operator that the reference interpreter does not know decides RoPE or mask',
    'export without it',
  ],
  GGUF_HEADER: ['no GGUF file, or one whose head is damaged', 'fetch the file again'],
  GGUF_METADATA: [
    'a value that a GGUF file states about its model is absent or wrong',
    'the message names key and rule; fetch the file again, or convert the model again',
  ],
  GGUF_READ: ['a GGUF file cannot be read', 'check path, rights and disk'],
  GGUF_SPLIT: [
    'parts of a split GGUF file are absent or do not belong together',
    'fetch all parts, with their own names, into one folder',
  ],
  GGUF_TENSOR: ['a tensor of a GGUF file has an impossible shape or place', 'fetch the file again'],
  GGUF_TRUNCATED: ['a GGUF file ends too early', 'fetch the file again'],
  GRAPH_DANGLING: ['a filter removed a tensor or graph that is still in use', 'correct the filter'],
  IMPORT_BUSY: [
    'the hub says: too many requests (429)',
    'wait, then run the same command: it continues where it stopped',
  ],
  IMPORT_DENIED: ['the hub says 401 or 403', 'set HF_TOKEN; accept the licence on the page of the model'],
  IMPORT_DISK_FULL: [
    'the disk is full',
    'make room, then run the same command: it continues where it stopped',
  ],
  IMPORT_ENDPOINT: [
    'HF_ENDPOINT is not an address, or a token would be sent over http',
    'set an https address',
  ],
  IMPORT_HASH: [
    'a file arrived completely, but with other content than announced',
    'run the same command: it fetches the file again',
  ],
  IMPORT_INCOMPLETE: [
    'the source lacks config.json, safetensors or a shard',
    'choose another revision, or convert the weights to safetensors first',
  ],
  IMPORT_LISTING: ['the hub’s answer is not a list of files', 'check HF_ENDPOINT'],
  IMPORT_NAME: ['the name of the model, revision or folder cannot be used', '`--name`, `--revision`'],
  IMPORT_NETWORK: [
    'the hub did not answer, several times',
    'check the network and proxy, then run the same command',
  ],
  IMPORT_NOT_FOUND: ['the hub says 404', 'check how repository and revision are spelled'],
  IMPORT_REDIRECT: ['a redirect away from https, or too many redirects', 'check HF_ENDPOINT'],
  IMPORT_SERVER: ['the hub answers with an error', 'try again later'],
  IMPORT_SIZE: [
    'a file has another size than the listing says',
    'run the same command: it fetches the file again',
  ],
  IMPORT_TLS: [
    'the certificate of the hub is not valid',
    'correct the clock or NODE_EXTRA_CA_CERTS; certificates are always checked',
  ],
  IMPORT_TOKEN: ['HF_TOKEN has characters that cannot be sent', 'set it again, without line breaks'],
  IMPORT_UNSAFE: ['a name in the listing or a link would lead out of the folder', 'do not use this source'],
  IMPORT_WRITE: ['the folder cannot be written', 'check permissions and paths'],
  INPUT: ['a prompt, a text or an input file that cannot be used', 'the message says what was expected'],
  INSTALL_BROKEN: ['files of ggma itself are missing', 'install again'],
  IO: [
    'a disk failed, or the file of the weights became shorter while it was read',
    'check the disk; do not change the file while it is loaded',
  ],
  LOCKED: [
    'another opm is working in this folder',
    'wait; if no other opm runs, remove the file that the message names',
  ],
  MERGE_SIGNATURES: ['two merged files would have the same signature', '`merge.circles … --sig-names "a;b"`'],
  MODEL_NOT_FOUND: ['no Hugging Face directory, or no import of that name', 'check the path; `opm import`'],
  NATIVE_ISA: [
    'GGMA_ISA names an instruction set that this machine does not have',
    'unset it, or take one of the list',
  ],
  NATIVE_LOAD: ['no compiled addon for this machine', 'the message says which command makes one'],
  NATIVE_THREAD: ['the system gives no more threads', 'lower `threads`, raise the limit of the process'],
  NODE_TOO_OLD: ['this Node is older than ggma needs', 'install the version that the message names'],
  NO_CANDIDATE: ['logitBias or a constraint bans every token', 'ban fewer'],
  NUMERIC: ['logits are NaN or infinite', 'check the weights; convert them again'],
  OPTION: ['an option is unknown or has a wrong value', 'the message names option and rule'],
  OUTPUT: ['a file or standard output cannot be written', 'check free space, permissions and path'],
  OUTPUT_EXISTS: ['opm would replace a folder that it did not make', '`--force`, or `--name`'],
  OUT_OF_MEMORY: [
    'weights or caches do not fit into memory or memoryBudget',
    'smaller contextSize, kvDtype f16, fewer generations at once',
  ],
  PACKAGE_DAMAGED: [
    'a file of the package has another size or content than ggma.json records',
    'copy or make the package again; `o2o verify PACKAGE` lists all such files',
  ],
  PACKAGE_INCOMPLETE: [
    'model.circle or config.json is missing',
    'the message has the command that makes a package',
  ],
  PACKAGE_NOT_FOUND: [
    'no package of that name',
    'check the path; the message has the command that makes a package',
  ],
  PACKAGE_VERSION: ['a package of a newer ggma', 'update ggma'],
  PATH_ESCAPE: ['an index of safetensors names files outside its folder', 'do not use this source'],
  PIPELINE: ['pipeline.yaml cannot be read or says something unknown', 'the message has the line'],
  PLAN_ATTENTION: [
    'attention over the cache that the compiler does not recognise',
    '`o2o print` shows the operators at the path',
  ],
  PLAN_MASK: ['a mask that is neither causal nor a window', 'export with one that is'],
  PLAN_PREFILL_DIFFERS: ['prefill and decode are not the same model', 'export both from the same directory'],
  PLAN_SHAPE: ['an input or output of decode has an unexpected shape', 'the message says which'],
  PLAN_UNSUPPORTED: [
    'an operator that does not work row by row, or a weight of an unknown type',
    'export without it; the path names it',
  ],
  PREPARED: ['model.ggma is damaged', 'replace it with `opm prepare PACKAGE`, or remove it'],
  PROGRAM_INVALID: [
    'the addon refuses a compiled program',
    'ggma’s own fault, or a damaged install: report it',
  ],
  QUEUE_FULL: [
    'more generations at once than maxConcurrent and maxQueue allow',
    'try again when one has ended, or raise them',
  ],
  SAFETENSORS_DTYPE: ['a tensor has an unknown dtype', 'convert it to F32, F16 or BF16'],
  SAFETENSORS_HEADER: ['the header of a safetensors file is damaged', 'fetch the file again'],
  SAFETENSORS_OFFSETS: [
    'tensors overlap, leave holes, or end elsewhere than the file',
    'fetch the file again',
  ],
  SAFETENSORS_READ: ['a safetensors file cannot be read', 'check permissions and disk'],
  SAFETENSORS_SHAPE: ['a tensor has no sensible shape', 'fetch the file again'],
  SAFETENSORS_TRUNCATED: ['a safetensors file ends too early', 'fetch the file again'],
  SEQUENCE_UNKNOWN: ['a sequence that was given back', 'ggma’s own fault: report it'],
  SHAPE_INVALID: [
    'operators whose shapes do not fit',
    '`o2o verify FILE` says where; correct the filter that made them',
  ],
  SHARD: ['model.safetensors.index.json and its shards disagree', 'fetch all of them from one revision'],
  SIGNATURE: [
    'no decode graph, or one that does not fit config.json',
    'the message has both numbers; take both files from one export',
  ],
  STEP_INVALID: ['the addon got a step that cannot be', 'ggma’s own fault: report it'],
  TABLE_INVALID: ['the addon got a table of another shape', 'ggma’s own fault: report it'],
  TABLE_MISSING: ['the addon lacks rows of a table', 'ggma’s own fault: report it'],
  TEMPLATE: [
    'a chat template cannot be read, does not end, or refuses the conversation',
    'the message says which; `chatTemplate` takes another one',
  ],
  TOKENIZER: [
    'a tokenizer file is damaged, or has more pieces than the model',
    'take it from the model’s source',
  ],
  TOKEN_ID: ['an id outside of the vocabulary', 'ids are integers from 0 to `model.vocabSize` − 1'],
  UNSUPPORTED: [
    'the model or its tokenizer does something that ggma does not know',
    'the message names field and value; see “A family” in CONTRIBUTING.md',
  ],
  USAGE: ['the command line is wrong', '`--help` shows what there is'],
  WEIGHTS: [
    'a tensor is missing or has another shape or dtype than config.json says',
    'take both from one model',
  ],
  WEIGHTS_MISSING: ['no safetensors in the directory', 'convert other weights to safetensors first'],
} as const satisfies Record<string, readonly [means: string, remedy: string]>;

export type ErrorCode = keyof typeof errorCodes;
