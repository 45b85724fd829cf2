/** What running a package needs: its files are read, checked and loaded here. lib/make writes them. */
export { readConfig } from './config.ts';
export { type PackageContents, readContents } from './contents.ts';
export { readConversation } from './conversation.ts';
export { checkFit } from './fit.ts';
export { load, loadContents } from './load.ts';
export { type FileRecord, type Manifest, manifestText, readManifest, recordOf } from './manifest.ts';
export { carriedNames, fileNames, weightNames } from './names.ts';
export { type LoadOptions, type LoadStage, loadOptions } from './options.ts';
export { layOutPrepared } from './prepared/format.ts';
export { encodeLabels } from './prepared/labels.ts';
export { sampleOf } from './prepared/sample.ts';
export { sourceFor } from './sources.ts';
export { areAsChecked, loadTokenizer } from './tokenizer.ts';
export { readTokenizerFiles } from './tokenizer-settings.ts';
export { fileProblems, type PackageFinding, type PackageVerification, verifyPackage } from './verify.ts';
