/** What a status looks like besides its colour. */
import type { Status } from './data.ts';

export const SIGNS: Readonly<Record<Status, string>> = {
  same: '',
  changed: '~ ',
  removed: '− ',
  added: '+ ',
};
