export { type Json, type JsonObject, parseJson, parseJsonObject } from '../json.ts';
export type { PackageConfig } from './config.ts';
export { fileNames, type PackageContents, readContents } from './contents.ts';
export { demoDir, loadDemo, packModel } from './demo.ts';
export { type LoadOptions, type LoadStage, load, loadContents } from './load.ts';
