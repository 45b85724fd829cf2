/** A page that shows a model's graphs, or what differs between two models. Pure: what it reads and writes is given to it. */
import { collect, type NamedModule } from './collect.ts';
import { type Assets, htmlOf } from './html.ts';

export { type Scene, sceneOf } from './scene.ts';
export type { Assets, NamedModule };

/**
 * The whole page. The same models give the same text.
 * @param before the model that `after` was made from, to see what differs; null to look at one model
 */
export function viewPage(before: NamedModule | null, after: NamedModule, assets: Assets): string {
  return htmlOf(collect(before, after), assets);
}
