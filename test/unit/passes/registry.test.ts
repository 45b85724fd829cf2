/** What holds for every filter of the registry, over graphs that give each of them something to do. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { type BuiltinOperator, BuiltinOptions } from '../../../lib/circle/index.ts';
import {
  addValue,
  type Graph,
  insertOps,
  type Module,
  makeOp,
  type Op,
} from '../../../lib/ir/graph/index.ts';
import { type Filter, findPass, passes } from '../../../lib/passes/index.ts';
import { attentionBlock, secondLayer } from '../../support/attention-block.ts';
import { assertSameModule } from '../../support/compare.ts';
import { golden, needShared } from '../../support/goldens.ts';
import { type Random, renameAll, reorderAll, seeded } from '../../support/mutate.ts';
import { apply, assertEdges, bytesOfModule, merge, reread, sign } from '../../support/passes.ts';

const filters = passes.filter((pass): pass is Filter => pass.kind === 'filter');

/** Two layers, fused or open, with something for every filter in it, under a signature. */
function sample(isFused: boolean): Module {
  const { module, graph } = attentionBlock(
    {
      'input ids': 'input ids i64[1,1]\ninput tico::spare f32[1,2,3,4]',
      'const wo': 'const wo f32[8,16] = random 5\nconst wide f32[1,1,8,8] = random 6',
    },
    `${secondLayer()}\ndead = NEG(logits)\nhead = FULLY_CONNECTED(logits_2, wide, -)\noutput head`,
  );
  const logits = graph.outputs.pop()!;
  graph.outputs.unshift(logits);
  sign(module);
  if (isFused) {
    apply(module, 'fuse.attention');
    graph.ops.push(
      makeOp(module, graph.ops[0]!.code, [...graph.ops[0]!.inputs], [], optionsOf(graph.ops[0]!)),
    );
  }
  return module;
}

function optionsOf(op: Op) {
  return { type: op.attributes.builtinOptionsType, value: op.attributes.builtinOptions };
}

/** Words with which the filter finds something in the sample. */
const WORDS: Record<string, string[]> = {
  'reshape.io': ['input', '--by_shape', '[1,2,3,4]', '[1,2,4,4]'],
  quantize: ['--dtype', 'f16'],
  'remove.io': ['output', '--keep_by_id', '0'],
  'rename.io.remove_prefix': ['tico::'],
  'select.op': ['--by_id', '0-12'],
};

/** Filters that go by operator numbers, or that change names: the mutation in question is part of their input. */
const BY_NUMBER = new Set(['select.op']);
const BY_NAME = new Set(['rename.io.remove_prefix']);
/** transpose.io.kvcache works on fused graphs only; fuse.attention on open ones. */
const onFused = (name: string) => name === 'transpose.io.kvcache';

function run(filter: Filter, module: Module) {
  return apply(module, filter.name, ...(WORDS[filter.name] ?? []));
}

/** Renames everything, works, and gives the tensors that are left their names back. */
function underOtherNames(module: Module, random: Random, work: () => void): void {
  const names = new Map(
    module.graphs.flatMap((graph) => graph.values.map((value) => [value, value.name] as const)),
  );
  renameAll(module, random);
  work();
  for (const [value, name] of names) value.name = name;
}

/** Puts a custom operator and one of an unknown number in front of the last operator. */
function addStrangers(module: Module, graph: Graph): Op[] {
  // An input that no filter's match depends on.
  const input = graph.inputs.find(({ name }) => name === 'tico::spare');
  const strangers = [0, 1].map((i) => {
    const output = addValue(module, graph, {
      name: `stranger_${i}`,
      type: input!.type,
      shape: [...input!.shape],
    });
    const op = makeOp(module, 32 as BuiltinOperator, [input!, null], [output], {
      type: BuiltinOptions.NONE,
      value: null,
    });
    op.opcode =
      i === 0
        ? { deprecatedBuiltinCode: 32, customCode: 'Strange', version: 2, builtinCode: 32 as BuiltinOperator }
        : { deprecatedBuiltinCode: 127, customCode: null, version: 9, builtinCode: 9999 as BuiltinOperator };
    op.attributes.customOptions = Uint8Array.of(1, 2, 3, i);
    graph.outputs.push(output);
    return op;
  });
  insertOps(graph, graph.ops.at(-1)!, strangers);
  return strangers;
}

describe('passes: the registry', () => {
  it('holds one filter per file, named after it', () => {
    const files = readdirSync(new URL('../../../lib/passes', import.meta.url))
      .map((file) => file.replace(/\.ts$/, ''))
      .filter((file) => !['index', 'pass', 'registry', 'functions', 'quantize-notes'].includes(file));
    assert.deepEqual(passes.map(({ name }) => name).sort(), files.sort());
    assert.ok(files.length >= 12);
    for (const name of files) {
      assert.equal(findPass(name)?.name, name);
      assert.ok(readdirSync(new URL('.', import.meta.url)).includes(`${name}.test.ts`), `no test of ${name}`);
    }
    assert.equal(findPass('no.such.filter'), undefined);
  });

  it('every entry says what it does, and its example can be prepared', () => {
    for (const pass of passes) {
      assert.ok(pass.summary.length > 10, pass.name);
      assert.doesNotThrow(() => pass.prepare(pass.example), pass.name);
      assert.equal(pass.usage === '', pass.example.length === 0, pass.name);
    }
  });

  for (const filter of filters) {
    describe(filter.name, () => {
      const make = () => sample(onFused(filter.name));

      it('finds something in the sample', () => {
        const outcome = run(filter, make());
        assert.ok(outcome.changed > 0, outcome.reasons.join('; '));
        assert.ok(outcome.candidates >= outcome.changed);
      });

      it('random renaming of all tensors and random order of operators change nothing', () => {
        const straight = make();
        const outcome = run(filter, straight);
        fc.assert(
          fc.property(fc.integer({ min: 1, max: 1e9 }), (seed) => {
            const random = seeded(seed);
            const module = make();
            if (!BY_NUMBER.has(filter.name)) reorderAll(module, random);
            const work = () => assert.equal(run(filter, module).changed, outcome.changed);
            if (BY_NAME.has(filter.name)) work();
            else underOtherNames(module, random, work);
            assertSameModule(module, straight);
          }),
          { numRuns: 15 },
        );
      });

      it('unknown operators pass through untouched', () => {
        const module = make();
        const strangers = addStrangers(module, module.graphs[0]!);
        const before = strangers.map((op) => ({
          ...{ attributes: structuredClone(op.attributes), opcode: { ...op.opcode } },
          ...{ inputs: [...op.inputs], outputs: [...op.outputs] },
        }));
        assert.ok(run(filter, module).changed > 0);
        if (BY_NUMBER.has(filter.name)) return;
        strangers.forEach((op, i) => {
          const kept = module.graphs[0]!.ops.includes(op);
          assert.ok(kept, 'taken out');
          const { attributes, opcode, inputs, outputs } = op;
          assert.deepEqual({ attributes, opcode, inputs, outputs }, before[i]);
        });
      });

      it('what it writes can be read and written again without a change', () => {
        const module = make();
        run(filter, module);
        const bytes = bytesOfModule(module);
        const again = reread(module);
        assertEdges(again);
        assert.equal(Buffer.compare(bytesOfModule(again), bytes), 0);
      });

      it('does nothing to an empty model', () => {
        const { module, graph } = attentionBlock();
        graph.inputs = [];
        graph.outputs = [];
        graph.ops = [];
        graph.values = [];
        module.opcodes = [];
        module.buffers = [{ data: null }];
        const before = bytesOfModule(module);
        assert.equal(run(filter, module).changed, 0);
        assert.equal(Buffer.compare(bytesOfModule(module), before), 0);
      });
    });
  }

  it('any chain in one process writes the same bytes as the pipe of files', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.nat(filters.length - 1), { minLength: 1, maxLength: 6 }),
        (fused, picks) => {
          const chain = sample(fused);
          let pipe = sample(fused);
          for (const pick of picks) {
            run(filters[pick]!, chain);
            pipe = reread(pipe);
            run(filters[pick]!, pipe);
          }
          assert.equal(Buffer.compare(bytesOfModule(chain), bytesOfModule(pipe)), 0);
        },
      ),
      { numRuns: 40 },
    );
  });

  describe('on the reference data', () => {
    before(needShared);

    it('the pipeline finds the same under other names and orders', () => {
      for (const [seed, model, shapes] of [
        [1, 'probe', ['[1,16,30,4]', '[1,16,32,4]']],
        [2, 'probe-newer', ['[1,16,30,4]', '[1,16,32,4]']],
        [3, 'stories260K', ['[1,4,30,8]', '[1,4,32,8]']],
      ] as const) {
        const work = (module: Module) => {
          const layers = model === 'stories260K' ? 5 : 8;
          assert.equal(apply(module, 'fuse.attention').changed, layers);
          assert.equal(apply(module, 'reshape.io', 'input', '--by_shape', ...shapes).changed, 2 * layers);
          assert.equal(apply(module, 'transpose.io.kvcache').changed, 2 * layers);
          apply(module, 'fuse.bmm_lhs_const');
          assert.equal(apply(module, 'downcast.input_ids').changed, 1);
          apply(module, 'gc');
        };
        const straight = golden(`${model}/decode_.circle`);
        work(straight);
        const random = seeded(seed);
        const module = golden(`${model}/decode_.circle`);
        reorderAll(module, random);
        underOtherNames(module, random, () => work(module));
        // Values that the filters added have made-up names on both sides; inputs and outputs are compared by name.
        assertSameModule(merge([module], 'a.circle'), merge([straight], 'a.circle'));
      }
    });
  });
});
