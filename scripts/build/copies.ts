/** Files of other packages that go into dist as they are, with their licences. */
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { writeNativeHeaders } from '../native-headers.ts';
import { dist, root } from './paths.ts';

/** Packages whose code becomes part of the bundles, so that nobody has to install them. */
const bundled = ['yaml', '@dagrejs/dagre', '@dagrejs/graphlib'];

/** What `ggma compile` compiles the addon against, where no package has it. */
const headers = [
  'node-api-headers/include/js_native_api.h',
  'node-api-headers/include/js_native_api_types.h',
  'node-api-headers/include/node_api.h',
  'node-api-headers/include/node_api_types.h',
  'node-addon-api/napi.h',
  'node-addon-api/napi-inl.h',
  'node-addon-api/napi-inl.deprecated.h',
];

const licenses = [
  ...bundled.map((name) => [`${name}/LICENSE`, name] as const),
  ['node-api-headers/LICENSE', 'node-api-headers'] as const,
  ['node-addon-api/LICENSE.md', 'node-addon-api'] as const,
];

export function copyForeignFiles(): void {
  const from = (name: string) => path.join(root, 'node_modules', name);
  mkdirSync(path.join(dist, 'licenses'), { recursive: true });
  for (const [file, name] of licenses)
    copyFileSync(from(file), path.join(dist, 'licenses', `${path.basename(name)}.txt`));
  mkdirSync(path.join(dist, 'headers'), { recursive: true });
  for (const file of headers) copyFileSync(from(file), path.join(dist, 'headers', path.basename(file)));
  writeNativeHeaders(path.join(dist, 'headers/generated'));
}
