/** The registry of o2o's words beside the filters. */
import { diff } from './diff.ts';
import { print } from './print.ts';
import { verify } from './verify.ts';
import type { Word } from './word.ts';

export { runWord, type Word } from './word.ts';

export const words: readonly Word[] = [verify, print, diff];

export function findWord(name: string | undefined): Word | undefined {
  return words.find((word) => word.name === name);
}
