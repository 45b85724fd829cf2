/** A package's model.circle, read and compiled. Imported when it is needed: a prepared package starts without. */
import { type OpenModel, openModel, readModel, requireValid, withFileName } from '../circle/index.ts';
import { lift } from '../ir/graph/index.ts';
import { compile, type Plan } from '../plan/index.ts';
import type { PackageContents } from './contents.ts';

export interface OpenCompiled {
  isPrepared: false;
  plan: Plan;
  /** @throws GgmaError CIRCLE_CHANGED when the file is no longer what it was */
  assertUnchanged(): void;
  /** Closes the file. Weights cannot be read any more. */
  close(): void;
}

/**
 * The plan; weights stay in the file, which is open until they are packed.
 * @param onCompile called when the file has been read
 * @throws GgmaError CIRCLE_*, SIGNATURE, PLAN_*
 */
export function openCompiled({ model, dir }: PackageContents, onCompile: () => void): OpenCompiled {
  const where = typeof model === 'string' ? model : `${dir} (exported)`;
  let opened: Pick<OpenModel, 'model' | 'assertUnchanged' | 'close'> | null = null;
  try {
    opened =
      typeof model === 'string'
        ? openModel(model)
        : { model: readModel(model, where), assertUnchanged: () => {}, close: () => {} };
    const { assertUnchanged, close } = opened;
    onCompile();
    requireValid(opened.model);
    return { isPrepared: false, plan: compile(lift(opened.model)), assertUnchanged, close };
  } catch (error) {
    opened?.close();
    throw withFileName(error, where);
  }
}
