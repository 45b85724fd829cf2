/** The demo model's files, which are part of the project. */
import { fileURLToPath } from 'node:url';

export const lilyDir = fileURLToPath(new URL('../../models/lily', import.meta.url));
export const lilyTokenizerPath = fileURLToPath(new URL('../../models/lily/tokenizer.model', import.meta.url));
