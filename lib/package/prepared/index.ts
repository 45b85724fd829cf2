/** What prepares a package and what uses it: files of their own, as a start needs only the second. */

/**
 * Writes model.ggma into a package: its compiled program and its weights as the kernels want them. `load` then reads that
 * instead of model.circle, with the same results, for as long as model.circle stays what it is. It takes about as much
 * room as model.circle does, or half of it where f32 weights go into 16 bits.
 * @returns the file's path
 * @throws GgmaError what `load` throws for the package; OUTPUT. A file that was there before is then still there.
 */
export async function prepare(dir: string): Promise<string> {
  const { writePrepared } = await import('./prepare.ts');
  return writePrepared(dir);
}
