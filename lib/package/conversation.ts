/** What a package says about conversations: its chat templates, and how answers are read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GgmaError } from '../errors.ts';
import { isObject, type Json, type JsonObject, parseJsonObject } from '../json.ts';
import type { ConversationFiles } from '../runtime/index.ts';
import { fileNames } from './names.ts';

/**
 * chat_template.jinja counts before tokenizer_config.json's `chat_template`, which is one source or a list of named
 * ones, and that before chat_template.json of older directories: the order of transformers.
 * @param names the files of the directory
 * @throws GgmaError CONFIG
 */
export async function readConversation(dir: string, names: ReadonlySet<string>): Promise<ConversationFiles> {
  const json = async (name: string): Promise<JsonObject> =>
    names.has(name) ? parseJsonObject(await readText(join(dir, name)), join(dir, name)) : {};
  const configPath = join(dir, fileNames.tokenizerConfig);
  const config = await json(fileNames.tokenizerConfig);
  const templatePath = join(dir, fileNames.chatTemplate);
  const hasFile = names.has(fileNames.chatTemplate);
  const chatTemplates = new Map([
    ...namedTemplates(
      (await json(fileNames.chatTemplateJson)).chat_template,
      join(dir, fileNames.chatTemplateJson),
    ),
    ...namedTemplates(config.chat_template, configPath),
    ...(hasFile ? [['default', (await readText(templatePath)).toString('utf8')] as const] : []),
  ]);
  return {
    chatTemplates,
    bosToken: tokenText(config.bos_token, 'bos_token', configPath),
    eosToken: tokenText(config.eos_token, 'eos_token', configPath),
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

/** A special token is its text, or an object with the text and how it is matched. */
function tokenText(given: Json | undefined, field: string, path: string): string | null {
  const text = isObject(given) ? given.content : given;
  if (text === undefined || text === null) return null;
  if (typeof text === 'string') return text;
  throw new GgmaError('CONFIG', `expected a text, or an object with content, for ${field}`, { path });
}

async function readText(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new GgmaError('CONFIG', 'expected a readable file', { path, cause });
  });
}
