/** A Hugging Face directory into a package: export, pipeline, files. */
import type { StoredDtype } from '../checkpoint/index.ts';
import { openHf } from '../export/index.ts';
import { outcomeLines } from '../passes/index.ts';
import { checkReplaceable, withLock } from './folder.ts';
import { type Pipeline, runPipeline } from './pipeline.ts';
import { writePackage } from './write.ts';

export interface MakeOptions {
  /** The Hugging Face directory. */
  from: string;
  /** Where it came from, for ggma.json. */
  source?: string | null;
  pipeline: Pipeline;
  /** How matrices of weights are stored; 'auto': as the checkpoint has them. Default 'f32'. */
  dtype?: StoredDtype | undefined;
  force?: boolean;
  /** Told what is being read or written. */
  onProgress?: (what: string) => void;
}

/**
 * Writes the package `dir`.
 * @returns warnings
 * @throws GgmaError what export, filters, compiler and writer throw; `dir` is then what it was
 */
export async function makePackage(dir: string, options: MakeOptions): Promise<string[]> {
  const { from, source = null, pipeline, dtype, force = false, onProgress = () => {} } = options;
  return withLock(dir, async () => {
    // Asked first: an export may take minutes.
    await checkReplaceable(dir, 'package', force);
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    const input = openHf(from, { dtype, onRead: onProgress, onWarning });
    const module = runPipeline(input, pipeline, {
      onOutcome: (name, outcome) => {
        onProgress(name);
        warnings.push(...outcomeLines(name, outcome));
      },
    });
    onProgress(dir);
    warnings.push(...(await writePackage(dir, { module, from, source }, { force })));
    return [...new Set(warnings)];
  });
}
