/** A package's model.circle, read and compiled. Imported when it is needed: a prepared package starts without. */
import { openModel, readModel, requireValid } from '../circle/index.ts';
import { lift } from '../ir/graph/index.ts';
import { compile, type Plan } from '../plan/index.ts';
import type { PackageContents } from './contents.ts';

export interface OpenCompiled {
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
  const opened =
    typeof model === 'string'
      ? openModel(model)
      : { model: readModel(model, `${dir} (exported)`), assertUnchanged: () => {}, close: () => {} };
  try {
    onCompile();
    requireValid(opened.model);
    const plan = compile(lift(opened.model));
    return { plan, assertUnchanged: () => opened.assertUnchanged(), close: () => opened.close() };
  } catch (error) {
    opened.close();
    throw error;
  }
}
