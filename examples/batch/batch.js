#!/usr/bin/env node
// A file of prompts, several at once, the answers in the order of the prompts.
//
//   node batch.js PACKAGE [AT_ONCE] < prompts.jsonl > texts.jsonl
//
// In:  {"prompt": "Once upon a time,", "maxTokens": 16}     (whatever model.complete takes as options)
// Out: {"text": "…", "finishReason": "length", "usage": {…}} or {"error": {"code": "…", "message": "…"}}
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { load } from 'ggma';

const [dir = 'tinyllama', atOnce = '8'] = process.argv.slice(2);
const model = await load(dir);

/** Never rejects: what is wrong with one line is that line's answer. */
async function answer(line) {
  try {
    const { prompt, ...options } = JSON.parse(line);
    const { text, finishReason, usage } = await model.complete(prompt, options);
    return { text, finishReason, usage };
  } catch (error) {
    return { error: { code: error.code ?? error.name, message: error.message } };
  }
}

async function write(result) {
  if (!process.stdout.write(`${JSON.stringify(await result)}\n`)) await once(process.stdout, 'drain');
}

const running = []; // the oldest first; it is waited for, so that no more than AT_ONCE run or are kept
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  if (running.length >= Number(atOnce)) await write(running.shift());
  running.push(answer(line));
}
for (const result of running) await write(result);
await model.close();
