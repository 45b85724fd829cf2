import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer, readContents } from '../../lib/package/index.ts';
import { type ChatMessage, type ChatOptions, Conversation } from '../../lib/runtime/index.ts';
import { needSharedDir } from '../support/need.ts';

interface Case {
  messages: ChatMessage[];
  add_generation_prompt: boolean;
  tools?: object[];
  kwargs?: Record<string, unknown>;
  ids?: number[];
}

describe('golden: ids of conversations', () => {
  it('are those of transformers for every family', async function () {
    const families = join(needSharedDir(this), 'families');
    const seen = new Map<string, number>();
    for (const name of readdirSync(join(families, 'golden'))) {
      const dir = join(families, 'models', name);
      const chat = join(families, 'golden', name, 'chat.json');
      if (!existsSync(chat)) continue;
      // The files alone: what the model computes does not matter here.
      const contents = await readContents(dir, new Uint8Array(0));
      const tokenizer = (await loadTokenizer(contents))!;
      const conversation = new Conversation(contents.conversation, [...tokenizer.specials.keys()]);
      for (const one of JSON.parse(readFileSync(chat, 'utf8')) as Case[]) {
        if (one.ids === undefined) continue;
        const options: ChatOptions = {
          addGenerationPrompt: one.add_generation_prompt,
          ...(one.tools ? { tools: one.tools } : {}),
          ...(one.kwargs ? { templateVariables: one.kwargs } : {}),
        };
        const { segments } = conversation.render(one.messages, options);
        const ids = tokenizer.encode(segments, { addBos: false, addEos: false });
        assert.deepEqual(Array.from(ids), one.ids, `${name}: ${JSON.stringify(one.messages)}`);
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    }
    assert.ok(seen.size >= 14, `${seen.size} families`);
    assert.ok([...seen.values()].every((count) => count >= 2));
  });
});
