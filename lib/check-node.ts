/** Whether this Node is new enough. The built files ask before they load anything else. */
import { GgmaError } from './errors.ts';
import { oldestNode } from './version.ts';

/** @param version without the v, as `process.versions.node` @throws GgmaError NODE_TOO_OLD */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = oldestNode.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new GgmaError('NODE_TOO_OLD', `expected Node ${oldestNode} or later, got ${version}`);
}
