import assert from 'node:assert/strict';
import { medians, type Result, ratios, screened, verdicts, wide } from '../../../../scripts/bench/compare.ts';

const tokensPerSecond = {
  ggma: { pp32: 3000, tg128: 600 },
  [screened]: { pp32: 3000, tg128: 1100 },
  [wide]: { pp32: 2500, tg128: 500 },
  'llama-bench': { pp32: 1000, tg128: 200 },
  'node-llama-cpp': { pp32: 400, tg128: 100 },
  'onnxruntime-node': { tg128: 150 },
};

const result: Result = {
  ...{ model: 'T0', dtype: 'f32', threads: 1, isa: 'avx2', load: 0 },
  ...{ tokensPerSecond, absent: { 'transformers.js': 'failed: signal SIGKILL' } },
  ...ratios(tokensPerSecond),
};

describe('a cell beside the peers', () => {
  it('is the medians of its rounds', () => {
    assert.deepEqual(medians([{ tg128: 3 }, { tg128: 1 }, { tg128: 2 }]), { tg128: 2 });
    assert.deepEqual(medians([]), {});
  });

  it('has ratios over llama-bench and over the fastest Node library of each figure', () => {
    assert.deepEqual(result.overLlamaBench, { pp32: 3, tg128: 3 });
    assert.deepEqual(result.overBestNodePeer, {
      pp32: [7.5, 'node-llama-cpp'],
      tg128: [4, 'onnxruntime-node'],
    });
    assert.deepEqual(ratios({ ggma: { tg128: 5 } }), { overLlamaBench: {}, overBestNodePeer: {} });
  });

  it('is judged by the goals, figure by figure', () => {
    const lines = verdicts(result).map((line) => [
      line.figure,
      ...[line['× llama-bench'], line.goal, line['× best Node'], line['goal (Node)'], line.met],
    ]);
    assert.deepEqual(lines, [
      ['pp32', 3, 3.5, 7.5, 10, 'no'],
      ['tg128', 3, 3.5, 4, 5, 'no'],
      ['tg128 screened', 5.5, 5, null, null, 'yes'],
      ['pp32 wide', 2.5, 3.5, null, null, 'no'],
      ['tg128 wide', 2.5, 3.5, null, null, 'no'],
    ]);
    const alone = { ...result, tokensPerSecond: { ggma: { tg128: 600 } }, overBestNodePeer: {} };
    assert.equal(verdicts({ ...alone, overLlamaBench: {} })[0]!.met, 'not measured');
    assert.equal(verdicts({ ...alone, overLlamaBench: { tg128: 2 } })[0]!.met, 'no');
    assert.equal(verdicts({ ...alone, dtype: 'bf16', threads: 3, overLlamaBench: {} })[0]!.met, '');
  });
});
