/** The example of a service, over HTTP. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { service } from '../../../examples/service/server.js';
import {
  type GenerateOptions,
  type Generation,
  GgmaError,
  type Model,
  type Prompt,
} from '../../../lib/index.ts';
import { loadDemo } from '../../../lib/make/index.ts';
import { demoPackage } from '../../support/demo-package.ts';
import { root } from '../../support/root.ts';

/** Calls `work` with the address of a service over the model. */
async function serving(model: Pick<Model, 'generate'>, work: (url: string) => Promise<void>): Promise<void> {
  const app = service(model);
  await app.listen({ port: 0, host: '127.0.0.1' });
  try {
    await work(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/generate`);
  } finally {
    app.server.closeAllConnections();
    await app.close();
  }
}

const post = (url: string, body: object, signal?: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });

interface Event {
  name: string;
  data: { text?: string; finishReason?: string; usage?: object; code?: string };
}

function eventsOf(stream: string): Event[] {
  return stream
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => ({
      name: /^event: (.*)$/m.exec(event)?.[1] ?? 'message',
      data: JSON.parse(/^data: (.*)$/m.exec(event)![1]!) as Event['data'],
    }));
}

describe('the example service', () => {
  let model: Model;
  before(async () => {
    model = await loadDemo();
  });
  after(() => model.close());

  it('streams what the library generates, in pieces', async () => {
    const { text, finishReason, usage } = await model.complete('Once upon a time,', { maxTokens: 64 });
    await serving(model, async (url) => {
      const response = await post(url, { prompt: 'Once upon a time,', maxTokens: 64 });
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
      const events = eventsOf(await response.text());
      assert.ok(events.length > 3, `${events.length} events`);
      assert.deepEqual(events.at(-1), { name: 'end', data: { finishReason, usage } });
      assert.equal(
        events
          .slice(0, -1)
          .map(({ data }) => data.text)
          .join(''),
        text,
      );
    });
  });

  it('answers a wrong request with 400 and the code, before anything is streamed', async () => {
    await serving(model, async (url) => {
      for (const [body, code] of [
        [{ prompt: '', maxTokens: 1e9 }, 'CONTEXT_OVERFLOW'],
        [{ prompt: 'A', temperature: -1 }, 'OPTION'],
        [{ maxTokens: 1 }, 'FST_ERR_VALIDATION'],
      ] as const) {
        const response = await post(url, body);
        assert.equal(response.status, 400);
        assert.equal(((await response.json()) as { error: { code: string } }).error.code, code);
      }
    });
  });

  it('answers 503 when the queue is full, before anything is streamed', async () => {
    const full = {
      generate(): Generation {
        throw new GgmaError('QUEUE_FULL', 'expected at most 1 generations at once');
      },
    };
    await serving(full, async (url) => {
      const response = await post(url, { prompt: 'A' });
      assert.equal(response.status, 503);
      assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'QUEUE_FULL');
    });
  });

  it('ends the job of a client that goes', async () => {
    const seen: { signal?: AbortSignal | undefined; error?: unknown } = {};
    /** Holds the third step back until the job is aborted: it cannot end by itself. */
    const held = {
      generate(prompt: Prompt, options: GenerateOptions = {}): Generation {
        const generation = model.generate(prompt, options);
        const next = generation.next.bind(generation);
        let steps = 0;
        generation.next = async () => {
          if (++steps === 3)
            await new Promise((resolve) => options.signal!.addEventListener('abort', resolve));
          return next().catch((error: unknown) => {
            seen.error = error;
            throw error;
          });
        };
        seen.signal = options.signal;
        return generation;
      },
    };
    await serving(held, async (url) => {
      const client = new AbortController();
      const response = await post(url, { prompt: 'Once upon a time,' }, client.signal);
      const reader = response.body!.getReader();
      const first = await reader.read();
      assert.ok(first.value!.length > 0);
      assert.equal(seen.signal!.aborted, false);
      assert.ok(model.memory().kvBytes > 0);
      client.abort();
      await new Promise<void>((resolve) => {
        if (seen.signal!.aborted) resolve();
        else seen.signal!.addEventListener('abort', () => resolve());
      });
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal((seen.error as Error).name, 'AbortError');
      assert.equal(model.memory().kvBytes, 0);
    });
  });

  it('tells the client of an error in the middle of a stream', async () => {
    const failing = {
      generate(prompt: Prompt, options: GenerateOptions = {}): Generation {
        const generation = model.generate(prompt, options);
        const next = generation.next.bind(generation);
        let steps = 0;
        generation.next = async () => {
          if (++steps === 3) throw Object.assign(new Error('expected finite scores'), { code: 'NUMERIC' });
          return next();
        };
        return generation;
      },
    };
    await serving(failing, async (url) => {
      const events = eventsOf(await (await post(url, { prompt: 'Once upon a time,' })).text());
      assert.deepEqual(events.at(-1)?.name, 'error');
      assert.equal(events.at(-1)?.data.code, 'NUMERIC');
    });
  });

  it('runs by itself, and ends with SIGTERM', async () => {
    const demo = demoPackage();
    const file = path.join(root, 'examples/service/server.js');
    const child = spawn(process.execPath, [file, demo.dir, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const response = await post(`${line.toString().trim()}/generate`, { prompt: 'A', maxTokens: 4 });
      assert.equal(eventsOf(await response.text()).at(-1)?.data.finishReason, 'length');
      child.kill('SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [0, null]);
    } finally {
      child.kill('SIGKILL');
      demo.remove();
    }
  });
});
