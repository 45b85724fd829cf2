/** A Hugging Face hub over HTTP: what a repository holds, and its files. */
export { Hub, type HubOptions } from './client.ts';
export { download } from './download.ts';
export { type Listing, listFiles, type RemoteFile } from './listing.ts';
export { checkRevision, isPortableName, parseRepoId, type RepoId } from './names.ts';
export { diskErrors } from './part.ts';
