import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  appendParts,
  type Part,
  Pipeline,
  partsOf,
  type Stage,
} from '../../../../lib/runtime/stages/index.ts';
import { ResponseStage } from '../../../../lib/runtime/stages/response.ts';
import {
  builtinResponseTemplate,
  type ResponseTemplate,
  readResponseTemplate,
} from '../../../../lib/text/index.ts';

/** Gives token i the i-th text: a decoder whose tokens are the pieces of the test. */
function decodeAs(texts: readonly string[]): Stage {
  return {
    ending: null,
    push: (pieces) =>
      pieces.map((piece) =>
        piece.type === 'text' ? { ...piece, text: piece.tokens.map(({ id }) => texts[id]!).join('') } : piece,
      ),
    end: () => [],
  };
}

interface Read {
  parts: Part[];
  chunks: Part[][];
}

function read(
  template: ResponseTemplate,
  texts: readonly string[],
  { prompt = '', tools = [] as object[] } = {},
): Read {
  const stage = new ResponseStage({ template, prompt, tools, callId: (index) => `call${index}` });
  const pipeline = new Pipeline([decodeAs(texts), stage]);
  const chunks = texts.map((_, id) => partsOf(pipeline.push([{ id, logprob: null }]), false));
  chunks.push(partsOf(pipeline.end(), false));
  const parts: Part[] = [];
  for (const chunk of chunks) appendParts(parts, chunk);
  return { parts, chunks };
}

/** Parts without their tokens. */
const shown = (parts: readonly Part[]): object[] => parts.map(({ ids: _, ...part }) => part);

const hermes = builtinResponseTemplate('<tool_call>{"name": ...}</tool_call>');
const call = (index: number, name: string, args: string) => ({
  ...{ type: 'toolCall', index, callId: `call${index}`, name, arguments: args },
});

/** An answer in pieces of these lengths. */
function cut(text: string, lengths: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    pieces.push(text.slice(at, at + lengths[i % lengths.length]!));
    at += lengths[i % lengths.length]!;
  }
  return pieces;
}

const ANSWER =
  '<think>\nHm, "x".\n</think>\n\n Let me see.\n<tool_call>\n{"name": "f", "arguments": {"a": "}\\"", "b": [1, {}]}}\n</tool_call>\n<tool_call>{"arguments": {}, "name": "g"}</tool_call>\n';

describe('runtime/stages/response', () => {
  it('tells thoughts, text and calls apart', () => {
    const { parts } = read(hermes, [ANSWER]);
    assert.deepEqual(shown(parts), [
      { type: 'reasoning', text: 'Hm, "x".' },
      { type: 'text', text: 'Let me see.' },
      call(0, 'f', '{"a": "}\\"", "b": [1, {}]}'),
      call(1, 'g', '{}'),
    ]);
  });

  it('gives the same parts however the answer is cut, each token once, arguments as JSON that only grows (property)', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: ANSWER.length }), (lengths, end) => {
        const answer = ANSWER.slice(0, end);
        const pieces = cut(answer, lengths);
        const { parts, chunks } = read(hermes, pieces);
        assert.deepEqual(shown(parts), shown(read(hermes, [answer]).parts));
        assert.deepEqual(
          parts.flatMap(({ ids }) => ids),
          pieces.map((_, id) => id),
        );
        const args = new Map<number, string>();
        for (const part of chunks.flat()) {
          if (part.type !== 'toolCall') continue;
          args.set(part.index, (args.get(part.index) ?? '') + part.arguments);
          assert.ok(
            '{"a": "}\\"", "b": [1, {}]}'.startsWith(args.get(part.index)!) || args.get(part.index) === '{}',
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names a call before its arguments end', () => {
    const { chunks } = read(hermes, [
      '<tool_call>{"name": "f",',
      ' "arguments": {"city": "Kö',
      'ln"}}</tool_call>',
    ]);
    assert.deepEqual(shown(chunks[0]!), [call(0, 'f', '')]);
    assert.deepEqual(shown(chunks[1]!), [call(0, 'f', '{"city": "Kö')]);
    assert.deepEqual(
      chunks[2]!.map((part) => part.type === 'toolCall' && part.arguments),
      ['ln"}'],
    );
  });

  it('gives a malformed call as text with a finding', () => {
    const { parts } = read(hermes, ['Hi <tool_call>{name: f}</tool_call> there']);
    const [hi, bad, there] = shown(parts) as { text: string; finding?: string }[];
    assert.deepEqual([hi?.text, bad?.text, there?.text], ['Hi', '<tool_call>{name: f}</tool_call>', 'there']);
    assert.match(bad!.finding!, /expected JSON/);
    assert.equal(hi!.finding ?? there!.finding, undefined);
  });

  it('says that a call was cut off', () => {
    const { parts } = read(hermes, ['<tool_call>{"name": "f", "arguments": {"a": 1']);
    const [only] = shown(parts) as [{ arguments: string; finding: string }];
    assert.equal(parts.length, 1);
    assert.equal(only.arguments, '{"a": 1');
    assert.match(only.finding, /expected JSON/);
  });

  it('goes on where the prompt has opened thoughts, and shows nothing of the prompt', () => {
    const { parts } = read(hermes, ['Hm', '.</think>Yes'], {
      prompt: '<|im_start|>assistant\n<think>\nold ',
    });
    assert.deepEqual(shown(parts), [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Yes' },
    ]);
  });

  it('gives arguments their types by the tool’s schema where the format has texts alone', () => {
    const xml = builtinResponseTemplate('<tool_call>\n<function=f>\n<parameter=x>');
    const tools = [
      {
        type: 'function',
        function: { name: 'f', parameters: { properties: { days: { type: 'integer' } } } },
      },
    ];
    const answer =
      '<tool_call>\n<function=f>\n<parameter=days>\n3\n</parameter>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>';
    assert.deepEqual(shown(read(xml, [answer], { tools }).parts), [call(0, 'f', '{"days":3,"city":"Oslo"}')]);
  });

  it('reads the formats of the families', () => {
    const formats: Record<string, [taught: string, answer: string]> = {
      mistral: [
        '[TOOL_CALLS]',
        '[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]</s>',
      ],
      'mistral-args': ['[TOOL_CALLS][ARGS]', '[TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g[ARGS]{}</s>'],
      lfm2: ['<|tool_call_start|>', '<|tool_call_start|>[f(a=1), g()]<|tool_call_end|>'],
      gemma4: ['<|tool_call>', '<|tool_call>call:f{a:1}<tool_call|><|tool_call>call:g{}<tool_call|><turn|>'],
      'granite-list': [
        '<|tool_call|>',
        '<|tool_call|>[{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]',
      ],
    };
    for (const [name, [taught, answer]] of Object.entries(formats)) {
      const { parts } = read(builtinResponseTemplate(taught), [answer]);
      const calls = parts.map((part) => part.type === 'toolCall' && [part.name, JSON.parse(part.arguments)]);
      assert.deepEqual(
        calls,
        [
          ['f', { a: 1 }],
          ['g', {}],
        ],
        name,
      );
    }
    const llama = builtinResponseTemplate('<|start_header_id|> {"name": .., "parameters": ..}');
    const { parts } = read(llama, ['{"name": "f", "parameters": {"a": 1}}<|eot_id|>']);
    assert.deepEqual(shown(parts), [call(0, 'f', '{"a": 1}')]);
    assert.deepEqual(shown(read(llama, ['In JSON: {"name": 1}']).parts), [
      { type: 'text', text: 'In JSON: {"name": 1}' },
    ]);
  });

  it('keeps white space where the template says so', () => {
    const template = readResponseTemplate({
      start_anchor: 'A:',
      fields: { content: { content_args: { strip: false } } },
    });
    assert.deepEqual(shown(read(template, [' a ', '\n']).parts), [{ type: 'text', text: ' a \n' }]);
  });
});
