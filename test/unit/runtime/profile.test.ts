import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GgmaError } from '../../../lib/errors.ts';
import { Model, type RawProfile } from '../../../lib/runtime/index.ts';
import { readProfile, type TraceCall } from '../../../lib/runtime/profile.ts';
import { FakeEngine, fakePlan } from '../../support/fake-engine.ts';

interface Call {
  name: number;
  phase: number;
  rows: number;
  ns: number;
  bytes: number;
  operations: number;
}

const names = ['GATHER f32', 'MATMUL q8_0', 'MATMUL q8_0', 'ADD', 'ARGMAX', 'SAMPLE'];

/** What the engine gives for these passes of calls, one after another. */
function rawOf(passes: readonly (readonly Call[])[], dropped = 0): RawProfile {
  const totals = new Float64Array(2 * names.length * 6);
  const perPhase = new Float64Array(6);
  const events: number[] = [];
  let now = 1000;
  for (const [pass, calls] of passes.entries()) {
    for (const { name, phase, rows, ns, bytes, operations } of calls) {
      const at = (phase * names.length + name) * 6;
      for (const [i, value] of [1, rows, ns, bytes, 0, operations].entries()) totals[at + i]! += value;
      events.push(name, phase, pass + 1, rows, now, ns, bytes, operations);
      perPhase[3 * phase + 2]! += ns;
      now += ns + 5;
    }
    perPhase[3 * (calls[0]?.phase ?? 0)]! += 1;
  }
  return { names, passes: perPhase, totals, events: Float64Array.from(events), dropped };
}

describe('runtime/profile', () => {
  const natural = fc.nat({ max: 1_000_000 });
  const pass = fc
    .tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 1, max: 128 }))
    .chain(([phase, rows]) =>
      fc.array(
        fc.record({
          name: fc.nat({ max: names.length - 1 }),
          ...{ phase: fc.constant(phase), rows: fc.constant(rows) },
          ...{ ns: natural, bytes: natural, operations: natural },
        }),
        { minLength: 1, maxLength: 12 },
      ),
    );

  it('sums kernels of one name and phase, the longest first (property)', () => {
    fc.assert(
      fc.property(fc.array(pass, { maxLength: 6 }), (passes) => {
        const { kernels } = readProfile(rawOf(passes));
        const calls = passes.flat();
        const keys = new Set(calls.map(({ name, phase }) => `${phase} ${names[name]}`));
        assert.equal(kernels.length, keys.size);
        for (const [i, kernel] of kernels.entries()) {
          const own = calls.filter(
            ({ name, phase }) =>
              names[name] === kernel.kernel && (phase === 0) === (kernel.phase === 'prefill'),
          );
          const sum = (of: (call: Call) => number) => own.reduce((total, call) => total + of(call), 0);
          assert.equal(kernel.calls, own.length);
          assert.equal(
            kernel.rows,
            sum(({ rows }) => rows),
          );
          assert.equal(
            kernel.weightBytes + kernel.activationBytes,
            sum(({ bytes }) => bytes),
          );
          assert.equal(
            kernel.flops,
            sum(({ operations }) => operations),
          );
          const ns = sum((call) => call.ns);
          assert.ok(Math.abs(kernel.ms - ns / 1e6) < 1e-9);
          // Operations a nanosecond are billions a second.
          const rate = ns > 0 ? kernel.flops / ns : 0;
          assert.ok(Math.abs(kernel.gflopsPerSecond - rate) <= 1e-9 * rate);
          assert.ok(i === 0 || kernels[i - 1]!.ms >= kernel.ms);
        }
      }),
    );
  });

  it('makes a trace of nested calls: passes around what they hold, nothing overlaps (property)', () => {
    fc.assert(
      fc.property(fc.array(pass, { maxLength: 6 }), (passes) => {
        const { traceEvents } = JSON.parse(JSON.stringify(readProfile(rawOf(passes)).trace())) as {
          traceEvents: TraceCall[];
        };
        const calls = traceEvents.filter(({ ph }) => ph === 'X');
        assert.equal(calls.length, passes.length + passes.flat().length);
        let end = 0;
        for (let at = 0, p = 0; p < passes.length; p++) {
          const outer = calls[at++]!;
          assert.deepEqual([outer.name, outer.args.pass], [outer.cat, p + 1]);
          assert.ok(outer.ts >= end);
          for (const { name } of passes[p]!) {
            const inner = calls[at++]!;
            assert.equal(inner.name, names[name]);
            assert.ok(inner.ts >= end && inner.ts >= outer.ts);
            end = inner.ts + inner.dur;
            assert.ok(end <= outer.ts + outer.dur + 1e-6);
          }
        }
      }),
    );
  });

  it('names calls by the part of the model, and by their kernel where that is not known', () => {
    const one = (name: number): Call => ({ name, phase: 1, rows: 1, ns: 10, bytes: 1, operations: 1 });
    const labels = [
      { layer: '', part: 'embed_tokens' },
      { layer: 'layers.3', part: 'mlp.down_proj' },
      { layer: '', part: '' },
      { layer: 'layers.3', part: '' },
    ];
    const raw = rawOf([names.map((_, i) => one(i))]);
    const calls = readProfile(raw, labels)
      .trace()
      .traceEvents.filter((event) => event.ph === 'X')
      .slice(1);
    assert.deepEqual(
      calls.map(({ name, args }) => [name, (args as Record<string, unknown>).kernel]),
      [
        ['embed_tokens', 'GATHER f32'],
        ['layers.3 mlp.down_proj', 'MATMUL q8_0'],
        ['MATMUL q8_0', 'MATMUL q8_0'],
        ['layers.3 ADD', 'ADD'],
        ['ARGMAX', 'ARGMAX'],
        ['SAMPLE', 'SAMPLE'],
      ],
    );
  });

  it('says how many calls the trace lacks', () => {
    const profile = readProfile(rawOf([], 17));
    assert.equal(profile.droppedEvents, 17);
    assert.equal(profile.trace().otherData.droppedEvents, 17);
  });

  it('a model that was not asked to measure has none', async () => {
    const parts = { plan: fakePlan(), tokenizer: null, eosIds: [], contextSize: 8 };
    const model = await Model.create({ ...parts, engine: new FakeEngine(() => 5) });
    const isOption = (error: unknown) => error instanceof GgmaError && error.code === 'OPTION';
    await assert.rejects(model.profile(), isOption);
    const labels = () => [{ layer: 'layers.0', part: 'q' }];
    const measured = await Model.create({
      ...parts,
      plan: { ...fakePlan(), labels },
      engine: new FakeEngine(() => 5),
      profile: true,
    });
    assert.deepEqual((await measured.profile()).kernels, []);
  });
});
