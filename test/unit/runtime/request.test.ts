import assert from 'node:assert/strict';
import { Answer } from '../../../lib/runtime/answer.ts';
import { Conversation } from '../../../lib/runtime/chat/index.ts';
import type { Constraint, DecodeRequest } from '../../../lib/runtime/engine.ts';
import { run } from '../../../lib/runtime/generate.ts';
import { Job, Jobs } from '../../../lib/runtime/job.ts';
import { PrefixCache } from '../../../lib/runtime/prefix-cache.ts';
import { makeRequest } from '../../../lib/runtime/request.ts';
import { samplerOptions } from '../../../lib/runtime/sampling.ts';
import { Scheduler } from '../../../lib/runtime/scheduler.ts';
import { PositionTables } from '../../../lib/runtime/tables.ts';
import { fakePlan } from '../../support/fake-engine.ts';
import { open, prompt, tokenizer } from '../../support/fake-model.ts';

const model = {
  ...{ tokenizer, vocabSize: 1024, contextSize: 100, eosIds: [2] },
  sampling: { temperature: 0.5, topP: 0.9 },
  conversation: new Conversation(
    { chatTemplates: new Map(), bosToken: null, eosToken: null, responseTemplate: null, path: 'test' },
    [],
  ),
};

describe('runtime/request', () => {
  it('has every default filled in', () => {
    const { ids, ...rest } = makeRequest(model, prompt, {}, { streaming: true });
    assert.deepEqual(ids, prompt);
    assert.deepEqual(rest, {
      truncatedTokens: 0,
      maxTokens: 96,
      stops: [],
      stopIds: [2],
      sampling: null,
      topLogprobs: null,
      streaming: true,
      signal: null,
      constraint: null,
      reading: null,
    });
  });

  it('is frozen, and JSON but for signal and constraint', () => {
    const eosIds = [7, 8];
    const stop = ['a', 'b'];
    const options = { eosIds, stop, topK: 3, logitBias: { 5: -Infinity, 6: 1.5 }, logprobs: 2 };
    const request = makeRequest(model, Int32Array.from(prompt), options, { streaming: false });
    assert.deepEqual(JSON.parse(JSON.stringify(request)), request);
    for (const part of [request, request.ids, request.stops, request.stopIds, request.sampling])
      assert.ok(Object.isFrozen(part));
    eosIds.push(9);
    stop.push('c');
    assert.deepEqual(
      [request.stopIds, request.stops],
      [
        [7, 8],
        ['a', 'b'],
      ],
      "not the caller's arrays",
    );
    const { sampling } = request;
    assert.deepEqual([sampling!.temperature, sampling!.topP, sampling!.topK], [0.5, 0.9, 3]);
    assert.ok(Number.isSafeInteger(sampling!.seed), 'what is by chance has been drawn');
    const restored = JSON.parse(JSON.stringify(sampling)) as NonNullable<typeof sampling>;
    const { biasIds, biasValues } = samplerOptions(restored, Int32Array.of(1));
    assert.deepEqual([biasIds, biasValues], [Int32Array.of(5, 6), Float32Array.of(-Infinity, 1.5)]);
  });

  it('its constraint reaches every decode request as the object that it is', async () => {
    const { program } = await open({ next: () => 5 });
    const seen: DecodeRequest[] = [];
    const spied = new Proxy(program, {
      get: (target, name) => {
        if (name === 'decode')
          return (requests: readonly DecodeRequest[], ms: number) => {
            seen.push(...requests);
            return target.decode(requests, ms);
          };
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const context = {
      program: spied,
      scheduler: new Scheduler(spied),
      prefixes: new PrefixCache(spied, 0),
      tables: new PositionTables(spied, fakePlan()),
    };
    const finish = async (constraint: Constraint | null) => {
      const request = makeRequest(model, prompt, { maxTokens: 40 }, { streaming: true, constraint });
      const answer = new Answer(request, null);
      for await (const _ of run(context, new Job(spied, new Jobs(), null), request, answer));
      return seen.splice(0);
    };
    const refuse = () => assert.fail('the run time asks a constraint nothing itself');
    const constraint = { allows: refuse, mask: refuse, accept: refuse, rollback: refuse };
    const constrained = await finish(constraint);
    assert.ok(constrained.length > 2);
    for (const request of constrained) assert.equal(request.constraint, constraint);
    for (const request of await finish(null)) assert.ok(!('constraint' in request));
  });
});
