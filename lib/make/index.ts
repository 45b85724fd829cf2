/** What makes packages: import from a hub, export and pipelines, writing, preparing. Running one is lib/package. */
export { demoDir, loadDemo, packModel } from './demo.ts';
export { isFree, madeBy } from './folder.ts';
export { type ImportProgress, type ImportSource, importModel, looksLikePath } from './import.ts';
export { makePackage } from './make.ts';
export { type Pipeline, runPipeline, seedPipeline } from './pipeline.ts';
export { parsePipeline, readPipeline, starterText } from './pipeline-file.ts';
export { writePrepared } from './prepare.ts';
export { writePackage } from './write.ts';
