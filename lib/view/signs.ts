/** Signs for a status, for readers who do not see its colour. */
import type { Status } from './data.ts';

export const SIGNS: Readonly<Record<Status, string>> = {
  same: '',
  changed: '~ ',
  removed: '− ',
  added: '+ ',
};
