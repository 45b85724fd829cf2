import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { type ResponseEvent, ResponseParser, readResponseTemplate } from '../../lib/text/index.ts';

interface Case {
  template: string;
  answer: string;
  prompt?: string;
  tools?: true;
  /** What transformers reads; absent where it raises `error`. */
  message?: object;
  error?: string;
}

/** Made by scripts/golden/responses.py with transformers. */
const { templates, tools, cases } = JSON.parse(
  readFileSync(new URL('data/responses.json', import.meta.url), 'utf8'),
) as { templates: Record<string, unknown>; tools: object[]; cases: Case[] };

function parserOf(one: Case): ResponseParser {
  const template = readResponseTemplate(templates[one.template]);
  return new ResponseParser(template, one.prompt ?? '', one.tools ? tools : []);
}

function parse(one: Case, pieces: readonly string[]): { message: object; events: ResponseEvent[] } {
  const parser = parserOf(one);
  const events = [...parser.initialEvents, ...pieces.flatMap((piece) => parser.push(piece))];
  const { message, events: last } = parser.end();
  return { message, events: [...events, ...last] };
}

/** Chunks that follow each other joined: how text is cut must not matter. */
function joined(events: readonly ResponseEvent[]): object[] {
  const out: ResponseEvent[] = [];
  for (const event of events) {
    const last = out.at(-1);
    if (event.type === 'chunk' && last?.type === 'chunk') last.text += event.text;
    else out.push({ ...event });
  }
  // Where a chunk ends depends on how the answer was cut; where delimiters end does not.
  return out.map(({ end, ...event }) =>
    event.type === 'open' || event.type === 'chunk' ? event : { ...event, end },
  );
}

/** What the events say of the answer's fields. */
const told = (events: readonly ResponseEvent[]): object[] =>
  events.map((event) => (event.type === 'chunk' ? { chunk: event.text } : { [event.type]: event.field }));

describe('golden: answers by response template', () => {
  it('reads every answer as transformers does', () => {
    let [read, malformed] = [0, 0];
    for (const one of cases) {
      const { message, events } = parse(one, [one.answer]);
      const where = `${one.template}: ${JSON.stringify(one.answer)}`;
      const bad = events.filter(({ type }) => type === 'malformed');
      if (one.error !== undefined) {
        assert.ok(bad.length > 0, `${where}: transformers raises ${one.error}`);
        malformed++;
      } else {
        assert.deepEqual(message, one.message, where);
        assert.deepEqual(bad, [], where);
        read++;
      }
    }
    assert.ok(read > 200 && malformed > 40, `${read} read, ${malformed} malformed`);
  });

  it('reads the same however an answer is cut (property)', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
        (one, lengths) => {
          const pieces: string[] = [];
          for (let at = 0, i = 0; at < one.answer.length; i++) {
            const length = lengths[i % lengths.length]!;
            pieces.push(one.answer.slice(at, at + length));
            at += length;
          }
          const [whole, cut] = [parse(one, [one.answer]), parse(one, pieces)];
          assert.deepEqual(cut.message, whole.message);
          assert.deepEqual(joined(cut.events), joined(whole.events));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('holds nothing back that no delimiter can follow from', () => {
    const parser = parserOf({ template: 'hermes', answer: '' });
    assert.deepEqual(told(parser.push('a < b')), [{ open: 'content' }, { chunk: 'a < b' }]);
    assert.deepEqual(parser.push('<tool_c'), []);
    assert.deepEqual(told(parser.push('up')), [{ chunk: '<tool_cup' }]);
  });

  it('hands on what cannot be read as text, with the reason', () => {
    const { message, events } = parse({ template: 'hermes', answer: '' }, [
      'Hi <tool_call>{"name": "f",</tool_call> there',
    ]);
    assert.deepEqual(message, { role: 'assistant', content: 'there' });
    const [bad] = events.filter(({ type }) => type === 'malformed');
    assert.deepEqual(bad, {
      ...{
        type: 'malformed',
        field: 'tool_calls',
        text: '{"name": "f",',
        delimiter: '</tool_call>',
        end: 39,
      },
      reason: 'expected JSON, got "{\\"name\\": \\"f\\","',
    });
  });
});
