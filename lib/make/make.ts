/** A Hugging Face directory into a package: export, pipeline, files. */
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
  const { from, source = null, pipeline, force = false, onProgress = () => {} } = options;
  return withLock(dir, async () => {
    // Before minutes are spent on it.
    await checkReplaceable(dir, 'package', force);
    const warnings: string[] = [];
    const hf = openHf(from, { onRead: onProgress, onWarning: (message) => warnings.push(message) });
    const module = runPipeline(hf, pipeline, {
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
