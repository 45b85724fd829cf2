/** A Hugging Face directory as a checkpoint: config.json, safetensors, and the files of its tokenizer. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import { isObject, type Json, parseJsonObject } from '../json.ts';
import { withSystemErrorsSync } from '../system-error.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readSafetensorsDir } from './safetensors.ts';

/**
 * Opens a directory; of the weights, only the heads are read.
 * @throws GgmaError MODEL_NOT_FOUND, CONFIG, WEIGHTS_MISSING, SAFETENSORS_*, SHARD, PATH_ESCAPE
 */
export function openHuggingFace(dir: string): Checkpoint {
  const configPath = path.join(dir, 'config.json');
  const expected = 'a Hugging Face directory with a readable config.json';
  const bytes = readFile(configPath, 'MODEL_NOT_FOUND', expected);
  const found = (name: string) => {
    const file = path.join(dir, name);
    return existsSync(file) ? file : null;
  };
  return {
    path: dir,
    config: parseJsonObject(bytes, configPath),
    configPath,
    tensors: readSafetensorsDir(dir),
    normsIncludeOne: false,
    tokenizer: {
      kind: 'files',
      sentencePiece: found('tokenizer.model'),
      tokenizerJson: found('tokenizer.json'),
      tokenizerConfig: found('tokenizer_config.json'),
    },
    templates: () => readTemplates(found),
  };
}

function readFile(path: string, code: ErrorCode = 'CONFIG', expected = 'a readable file'): Buffer {
  return withSystemErrorsSync({ path, code, expected }, () => readFileSync(path));
}

/** A file of its own comes before tokenizer_config.json, as in transformers; older directories have it as JSON. */
function readTemplates(found: (name: string) => string | null): Map<string, string> {
  const templates = new Map<string, string>();
  for (const name of ['tokenizer_config.json', 'chat_template.json']) {
    const file = found(name);
    if (file === null) continue;
    const { chat_template: template } = parseJsonObject(readFile(file), file);
    for (const [key, text] of namedTemplates(template, file)) templates.set(key, text);
  }
  const jinja = found('chat_template.jinja');
  if (jinja !== null) templates.set('default', readFile(jinja).toString('utf8'));
  return templates;
}

/** One text, or a list of {name, template}. */
function namedTemplates(template: Json | undefined, file: string): [string, string][] {
  if (template === undefined || template === null) return [];
  if (typeof template === 'string') return [['default', template]];
  const list = Array.isArray(template) ? template : [template];
  return list.map((entry) => {
    if (isObject(entry) && typeof entry.name === 'string' && typeof entry.template === 'string')
      return [entry.name, entry.template];
    throw new GgmaError('CONFIG', 'expected a text or a list of {name, template} for chat_template', {
      path: file,
    });
  });
}
