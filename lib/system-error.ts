/**
 * The one way from what the operating system says about a file (ENOENT, EACCES, ENOSPC, EIO, …) to a GgmaError. Node's own
 * message is not repeated: it names the path that the call got, which may be a temporary one that nobody has heard of.
 */
import type { ErrorCode } from './error-codes.ts';
import { GgmaError } from './errors.ts';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EBUSY: 'the file is in use',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'something of that name is there already',
  EFBIG: 'the file would be larger than the system allows',
  EIO: 'the disk failed',
  EISDIR: 'a folder instead of a file',
  ELOOP: 'a circle of links',
  EMFILE: 'this process has too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENFILE: 'the system has too many open files',
  ENOENT: 'no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file where a folder should be',
  ENOTEMPTY: 'the folder is not empty',
  EPERM: 'the system does not permit it',
  EROFS: 'the disk is read-only',
  EXDEV: 'the two places are on different disks',
};

/** A device that fails: never a sign that the file is damaged, so nobody may go on without the file. */
const deviceCodes: ReadonlySet<string> = new Set(['EIO', 'ENXIO', 'ENODEV', 'EREMOTEIO', 'ESTALE']);
/** No room. */
const roomCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The system's code for an error, such as 'ENOENT'; null for an error that no system call made. */
export function systemCode(error: unknown): string | null {
  // Not `instanceof Error`: in a context of its own (Jest, node:vm) the system's errors are of another class of that name.
  if (typeof error !== 'object' || error === null || error instanceof GgmaError || !('code' in error))
    return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** The file, or a folder on the way to it, does not exist. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** There is no room for what was to be written. */
export function isDiskFull(error: unknown): boolean {
  return roomCodes.has(systemCode(error) ?? '');
}

/** In words, with the system's code: `no permission (EACCES)`. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  if (code === null) return error instanceof Error ? error.message : String(error);
  const reason = reasons[code];
  return reason === undefined ? code : `${reason} (${code})`;
}

export interface SystemErrorDetails {
  /** The file as its user knows it, never a temporary name. */
  path: string;
  code: ErrorCode;
  /** Completes "expected …, got …": `a readable file`, `to write the package`. */
  expected: string;
}

/** @returns a GgmaError of that code, or IO where the device itself failed */
export function fromSystemError(cause: unknown, { path, code, expected }: SystemErrorDetails): GgmaError {
  const isDevice = deviceCodes.has(systemCode(cause) ?? '');
  return new GgmaError(isDevice ? 'IO' : code, `expected ${expected}, got: ${systemReason(cause)}`, {
    path,
    cause,
  });
}

/** Runs `work`; what the system says against it becomes a GgmaError, every other error stays what it is. */
export async function withSystemErrors<T>(details: SystemErrorDetails, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemCode(error) === null ? error : fromSystemError(error, details);
  }
}

/** {@link withSystemErrors} for calls that block. */
export function withSystemErrorsSync<T>(details: SystemErrorDetails, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw systemCode(error) === null ? error : fromSystemError(error, details);
  }
}
