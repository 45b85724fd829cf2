/** What running a model needs. opm imports the files that import and write from where they are: they load more. */
export { type Json, type JsonObject, parseJson, parseJsonObject } from '../json.ts';
export type { PackageConfig } from './config.ts';
export { type PackageContents, readContents } from './contents.ts';
export { demoDir, loadDemo, packModel } from './demo.ts';
export { type LoadOptions, type LoadStage, load, loadContents } from './load.ts';
export { fileNames } from './names.ts';
export { prepare } from './prepared/index.ts';
