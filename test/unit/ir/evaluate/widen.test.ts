import assert from 'node:assert/strict';
import { TensorType } from '../../../../lib/circle/index.ts';
import { evaluate } from '../../../../lib/ir/evaluate/index.ts';
import { floatsOf } from '../../../../lib/ir/graph/index.ts';
import { narrow } from '../../../support/narrow.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('ir/evaluate, constants of narrow types', () => {
  const narrowTypes = [
    [TensorType.FLOAT16, 1 / 2048],
    [TensorType.BFLOAT16, 1 / 256],
    [TensorType.GGML_Q8_0, 1 / 254],
    [TensorType.GGML_Q4_0, 1 / 8],
  ] as const;

  for (const [type, tolerance] of narrowTypes)
    it(`${TensorType[type]} is widened, wherever its bytes lie`, () => {
      const { graph, value } = textGraph(`const w f32[4,64] = random 3\nids = NEG(w)\noutput ids`);
      const floats = floatsOf(value('w'))!;
      const bytes = narrow(type, floats);
      const moved = new Uint8Array(bytes.length + 3);
      moved.set(bytes, 3);
      value('w').type = type;
      value('w').buffer = { data: moved.subarray(3) };
      const got = evaluate(graph, new Map()).get(value('ids'))!.data as Float32Array;
      assert.equal(got.length, 256);
      got.forEach((x, i) => {
        const block = floats.subarray(i - (i % 32), i - (i % 32) + 32);
        const largest = type < 0 ? Math.max(...block.map(Math.abs)) : Math.abs(floats[i]!);
        // A block's scale is a half itself.
        assert.ok(Math.abs(-x - floats[i]!) <= tolerance * largest * 1.02, `${i}: ${-x} for ${floats[i]}`);
      });
      // Known numbers: what is stored exactly comes back exactly.
      const exact = Float32Array.from({ length: 256 }, (_, i) => [-8, 7, 0, -1][i % 4]!);
      value('w').buffer = { data: narrow(type, exact) };
      const again = evaluate(graph, new Map()).get(value('ids'))!.data as Float32Array;
      if (type !== TensorType.GGML_Q8_0)
        assert.deepEqual(
          [...again].map((x) => -x + 0),
          [...exact],
        );
      value('w').buffer = { data: bytes.subarray(1) };
      assert.throws(() => evaluate(graph, new Map()), { code: 'CIRCLE_INVALID' });
    });
});
