/** What a program computes for each wanted row: the logits, and the hidden state that the output matrix reads. */
import type { ProgramBuilder } from './builder.ts';
import { type ProgramOutput, type Slot, sourcesOf } from './program.ts';

/**
 * The matrix is found by walking up from the logits, because models may scale what it gives. A graph whose logits do not
 * come from one matrix has no hidden output. Keeping the hidden state costs no memory: the matrix reads it in the last
 * steps, so nothing could take its place before them.
 */
export function outputsOf({ steps }: ProgramBuilder, logits: Slot): ProgramOutput[] {
  const found: ProgramOutput[] = [{ name: 'logits', slot: logits }];
  const makers = new Map(steps.map((step) => [step.dst, step]));
  for (let step = makers.get(logits); step; ) {
    if (step.opcode === 'matmul') return [...found, { name: 'hidden', slot: step.operands.src }];
    const sources: Slot[] = sourcesOf(step);
    step = sources.length === 1 ? makers.get(sources[0]!) : undefined;
  }
  return found;
}
