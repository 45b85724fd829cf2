/** What a package says about conversations: its chat templates, and how answers are read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GgmaError } from '../errors.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { ConversationFiles } from '../runtime/index.ts';
import { fileNames } from './names.ts';
import { readJsonObject, type TokenizerFiles } from './tokenizer-settings.ts';

/**
 * chat_template.jinja counts before tokenizer_config.json's `chat_template`, which is one source or a list of named
 * ones, and that before chat_template.json of older directories: the order of transformers.
 * @param names the files of the directory
 * @throws GgmaError CONFIG
 */
export async function readConversation(
  dir: string,
  names: ReadonlySet<string>,
  { config, settings }: TokenizerFiles,
): Promise<ConversationFiles> {
  const configPath = join(dir, fileNames.tokenizerConfig);
  const jsonPath = join(dir, fileNames.chatTemplateJson);
  const older = names.has(fileNames.chatTemplateJson) ? await readJsonObject(jsonPath) : {};
  const templatePath = join(dir, fileNames.chatTemplate);
  const hasFile = names.has(fileNames.chatTemplate);
  const chatTemplates = new Map([
    ...namedTemplates(older.chat_template, jsonPath),
    ...namedTemplates(config.chat_template, configPath),
    ...(hasFile ? [['default', (await readText(templatePath)).toString('utf8')] as const] : []),
  ]);
  return {
    chatTemplates,
    bosToken: settings.bosToken,
    eosToken: settings.eosToken,
    responseTemplate: config.response_template ?? null,
    path: hasFile ? templatePath : configPath,
  };
}

function namedTemplates(given: Json | undefined, path: string): [string, string][] {
  if (given === undefined || given === null) return [];
  if (typeof given === 'string') return [['default', given]];
  if (Array.isArray(given) && given.every(isNamedTemplate))
    return given.map(({ name, template }) => [name, template]);
  throw new GgmaError('CONFIG', 'expected a text, or a list of {name, template}, for chat_template', {
    path,
  });
}

function isNamedTemplate(value: Json): value is JsonObject & { name: string; template: string } {
  return isObject(value) && typeof value.name === 'string' && typeof value.template === 'string';
}

async function readText(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new GgmaError('CONFIG', 'expected a readable file', { path, cause });
  });
}
