/**
 * Q4_0 files as the reference's branch quantize_q4_0 writes them: each exported graph on its own, what FULLY_CONNECTED
 * multiplies by and what GATHER looks up in blocks of 32, in the layout of flatc's object API.
 */
import assert from 'node:assert/strict';
import {
  BuiltinOperator,
  floatEncodings,
  readModel,
  TensorType,
  verifyModel,
  writeModel,
} from '../../lib/circle/index.ts';
import { exportDecode, exportPrefill, openHf } from '../../lib/export/index.ts';
import { lift, lower, type Module } from '../../lib/ir/graph/index.ts';
import { runPipeline, seedPipeline } from '../../lib/make/index.ts';
import { loadContents, readContents } from '../../lib/package/index.ts';
import { findPass } from '../../lib/passes/index.ts';
import { type FlatcModel, flatcBytes, flatcReader } from '../support/flatc.ts';
import { lilyDir } from '../support/lily.ts';

/** As their quantize_circle.py goes through a model. @returns how many tensors it changed */
function quantizeAsReference(model: FlatcModel): number {
  const { encode, bytes, elements } = floatEncodings.q4_0;
  let changed = 0;
  for (const { operators, tensors } of model.subgraphs)
    for (const { opcodeIndex, inputs } of operators) {
      const code = model.operatorCodes[opcodeIndex]!.builtinCode;
      const place = code === BuiltinOperator.FULLY_CONNECTED ? 1 : code === BuiltinOperator.GATHER ? 0 : null;
      const tensor = place === null ? undefined : tensors[inputs[place]!];
      if (tensor?.type !== TensorType.FLOAT32) continue;
      const buffer = model.buffers[tensor.buffer]!;
      const floats = new Float32Array(Uint8Array.from(buffer.data).buffer);
      if (floats.length === 0 || floats.length % elements !== 0) continue;
      const quantized = new Uint8Array((floats.length / elements) * bytes);
      encode(floats, new DataView(quantized.buffer));
      buffer.data = Array.from(quantized);
      tensor.type = TensorType.GGML_Q4_0;
      changed++;
    }
  return changed;
}

function run(module: Module, line: string): Module {
  const [name, ...words] = line.split(' ');
  const pass = findPass(name!);
  assert.ok(pass?.kind === 'filter');
  pass.prepare(words)(module);
  return module;
}

async function generate(module: Module) {
  const bytes = writeModel(lower(module));
  const model = await loadContents(await readContents(lilyDir, bytes), { threads: 1 });
  try {
    const { ids, logprobs } = await model.complete('Lily picked up a flower.', {
      maxTokens: 40,
      ignoreEos: true,
      logprobs: true,
    });
    return { ids, logprobs: logprobs!.map(({ logprob }) => logprob) };
  } finally {
    await model.close();
  }
}

describe('Q4_0 files of the reference', () => {
  it('load, and compute the bits of an export with --dtype q4_0', async () => {
    const read = await flatcReader();
    const input = openHf(lilyDir);
    const files = [exportPrefill(input), exportDecode(input)].map((module) => {
      const model = read(writeModel(lower(module)));
      // Seven matrices a layer, the embedding and the head.
      assert.equal(quantizeAsReference(model), 8 * 7 + 2);
      const bytes = flatcBytes(model);
      const again = readModel(bytes);
      const { findings } = verifyModel(again);
      assert.deepEqual(findings, []);
      return lift(again);
    });
    const merge = findPass('merge.circles');
    assert.ok(merge?.kind === 'source');
    const merged = merge.prepare(['prefill.circle', 'decode.circle']).combine(files);
    for (const line of seedPipeline.model) run(merged, line);

    const ours = runPipeline(openHf(lilyDir, { dtype: 'q4_0' }), { ...seedPipeline, decode: [] });
    const types = (module: Module) =>
      module.graphs.map(({ values }) => values.filter(({ type }) => type === TensorType.GGML_Q4_0).length);
    assert.deepEqual(types(merged), types(ours));
    const [theirs, expected] = [await generate(merged), await generate(ours)];
    assert.equal(theirs.ids.length, 40);
    assert.deepEqual(theirs, expected);
  });
});
