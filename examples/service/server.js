// A service that streams: POST /generate {"prompt": "…", "maxTokens": 64} → server-sent events.
//
//   npm install ggma fastify
//   node server.js PACKAGE [PORT]
//   curl -N -H 'content-type: application/json' -d '{"prompt": "Once upon a time,"}' localhost:8080/generate
import process from 'node:process';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import Fastify from 'fastify';
import { GgmaError, load } from 'ggma';

const body = {
  type: 'object',
  required: ['prompt'],
  properties: {
    prompt: { type: 'string' },
    maxTokens: { type: 'integer' },
    temperature: { type: 'number' },
    seed: { type: 'integer' },
    stop: { type: 'array', items: { type: 'string' } },
  },
};

/** The caller's mistakes; all else is ours. */
const badRequest = ['OPTION', 'INPUT', 'TOKEN_ID', 'CONTEXT_OVERFLOW'];
const busy = ['QUEUE_FULL', 'OUT_OF_MEMORY', 'DISPOSED'];

export function service(model) {
  const app = Fastify();

  app.setErrorHandler((error, _request, reply) => {
    const code = error instanceof GgmaError ? error.code : undefined;
    const status = badRequest.includes(code) ? 400 : busy.includes(code) ? 503 : (error.statusCode ?? 500);
    reply.code(status).send({ error: { code: code ?? error.code ?? 'INTERNAL', message: error.message } });
  });

  app.post('/generate', { schema: { body } }, async (request, reply) => {
    const { prompt, ...options } = request.body;
    // A client that goes ends its job, in the middle of a long prompt too.
    const gone = new AbortController();
    reply.raw.on('close', () => gone.abort());
    // Wrong input and a full queue throw here, before anything is sent.
    const generation = model.generate(prompt, { ...options, signal: gone.signal });
    return reply.type('text/event-stream').send(Readable.from(events(generation, gone.signal)));
  });

  return app;
}

/** Pulled by the socket: a slow client holds only its own generation up. */
async function* events(generation, signal) {
  try {
    for await (const { text } of generation) if (text !== '') yield `data: ${JSON.stringify({ text })}\n\n`;
    const { finishReason, stopString, usage } = await generation.result;
    yield `event: end\ndata: ${JSON.stringify({ finishReason, stopString, usage })}\n\n`;
  } catch (error) {
    if (signal.aborted) return;
    yield `event: error\ndata: ${JSON.stringify({ code: error.code, message: error.message })}\n\n`;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [dir = 'tinyllama', port = '8080'] = process.argv.slice(2);
  const model = await load(dir);
  const app = service(model);
  console.log(await app.listen({ port: Number(port) }));
  process.once('SIGTERM', async () => {
    await app.close();
    await model.close();
  });
}
