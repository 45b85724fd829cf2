/** A package's model.circle, read and compiled. Imported when it is needed: a prepared package starts without. */
import { type OpenModel, openModel, readModel, requireValid, withFileName } from '../circle/index.ts';
import { lift } from '../ir/graph/index.ts';
import { compile, type Plan } from '../plan/index.ts';

export { tableData } from '../plan/index.ts';

export interface OpenCompiled {
  isPrepared: false;
  plan: Plan;
  /** @throws GgmaError CIRCLE_CHANGED when the file is no longer what it was */
  assertUnchanged(): void;
  /** Closes the file, unless it was open before. Weights cannot be read any more. */
  close(): void;
}

/**
 * The plan; weights stay in the file, which is open until they are packed.
 * @param model a path, the descriptor of an open file, or the bytes of a model
 * @param where what messages call it
 * @param onCompile called when the file has been read
 * @throws GgmaError INPUT, IO, CIRCLE_*, SIGNATURE, PLAN_*
 */
export function openCompiled(
  model: string | number | Uint8Array,
  where: string,
  onCompile: () => void,
): OpenCompiled {
  let opened: Pick<OpenModel, 'model' | 'assertUnchanged' | 'close'> | null = null;
  try {
    opened =
      model instanceof Uint8Array
        ? { model: readModel(model, where), assertUnchanged: () => {}, close: () => {} }
        : openModel(model, where);
    const { assertUnchanged, close } = opened;
    onCompile();
    requireValid(opened.model);
    return { isPrepared: false, plan: compile(lift(opened.model)), assertUnchanged, close };
  } catch (error) {
    opened?.close();
    throw withFileName(error, where);
  }
}
