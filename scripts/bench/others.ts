/**
 * How much of the machine other programs use while a benchmark runs. The load average cannot tell: it counts the
 * benchmark itself, and looks back over a minute.
 */
import { readFileSync } from 'node:fs';

/** Ticks of the processor, since the machine (this process) began. */
export interface Ticks {
  /** Of all cores, idle or not. */
  all: number;
  busy: number;
  /** Of this process and of its children that have ended. */
  own: number;
}

/** Beyond this share of the machine, figures say more of the other programs than of ours. */
export const MAX_OTHERS = 0.1;

/** Now; null where there is no /proc. */
export function readTicks(): Ticks | null {
  try {
    return parseTicks(readFileSync('/proc/stat', 'utf8'), readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return null;
  }
}

/** @param machine /proc/stat @param own /proc/self/stat */
export function parseTicks(machine: string, own: string): Ticks {
  // user nice system idle iowait irq softirq steal; what guests take is within user.
  const cpu = machine.split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = cpu.reduce((sum, ticks) => sum + ticks, 0);
  // The name of the program, in brackets, may have spaces. Behind it: state is field 3, utime … cstime are 14 to 17.
  const fields = own
    .slice(own.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return { all, busy: all - cpu[3]! - cpu[4]!, own: fields.reduce((sum, ticks) => sum + ticks, 0) };
}

/** Of all that the cores could do between two moments, what others than this process did: 0 … 1. */
export function othersShare(before: Ticks | null, after: Ticks | null): number | null {
  if (!before || !after || after.all <= before.all) return null;
  const others = after.busy - before.busy - (after.own - before.own);
  return Math.min(1, Math.max(0, others / (after.all - before.all)));
}

/** What a reader of figures should know of that. */
export function othersText(share: number | null | undefined): { text: string; isTooBusy: boolean } {
  if (share === null || share === undefined)
    return { text: 'how busy the machine was with other programs is not known', isTooBusy: false };
  const used = `other programs used ${Math.round(100 * share)} % of the machine meanwhile`;
  return share > MAX_OTHERS
    ? {
        text: `too busy: ${used}, so these figures mean little; measure again when it is idle`,
        isTooBusy: true,
      }
    : { text: used, isTooBusy: false };
}
