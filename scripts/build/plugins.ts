/** What the bundles do differently from the sources, so that processes start sooner. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { oldestNode, version } from '../../lib/version.ts';
import { root } from './paths.ts';

/** What lib imports by name from each of Node's modules. */
function builtinImports(): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const name of readdirSync(path.join(root, 'lib'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(path.join(root, 'lib', name), 'utf8');
    for (const [, names, module] of text.matchAll(/^import \{([^}]*)\} from '(node:[\w/]+)';$/gm)) {
      const known = imports.get(module!) ?? new Set();
      for (const one of names!.split(',')) {
        const [imported] = one.trim().split(' as ');
        if (imported !== '' && !imported!.startsWith('type ')) known.add(imported!);
      }
      imports.set(module!, known);
    }
  }
  return imports;
}

/** Checks the version of Node when it is loaded, because older ones have no process.getBuiltinModule. */
const GET_BUILTIN = `
import { checkNode } from './lib/check-node.ts';
checkNode(process.versions.node);
export const getBuiltin = (name) => process.getBuiltinModule(name);
`;

/**
 * `import … from 'node:fs'` reads every property of the module, and some of them load streams; 'node:process' opens the
 * standard streams. process.getBuiltinModule gives the module as it is, so that only what is used is loaded. A start is
 * milliseconds shorter.
 */
export const plainBuiltins: Plugin = {
  name: 'plain builtins',
  setup({ onResolve, onLoad }) {
    const imports = builtinImports();
    onResolve({ filter: /^node:/ }, ({ path: name }) => ({ path: name, namespace: 'builtin' }));
    onResolve({ filter: /^get-builtin$/ }, ({ path: name }) => ({ path: name, namespace: 'builtin' }));
    onLoad({ filter: /^get-builtin$/, namespace: 'builtin' }, () => ({
      contents: GET_BUILTIN,
      resolveDir: root,
    }));
    onLoad({ filter: /^node:/, namespace: 'builtin' }, ({ path: name }) => {
      const names = [...(imports.get(name) ?? [])].toSorted();
      return {
        contents: `import { getBuiltin } from 'get-builtin';
const builtin = getBuiltin(${JSON.stringify(name)});
export default builtin;
export const { ${names.join(', ')} } = builtin;
`,
      };
    });
  },
};

/** lib/version.ts looks for package.json in folder after folder at each start; the built files carry what it finds. */
export const knownVersion: Plugin = {
  name: 'known version',
  setup({ onLoad }) {
    onLoad({ filter: /lib\/version\.ts$/ }, () => {
      const constants = Object.entries({ version, oldestNode });
      return {
        contents: constants
          .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};`)
          .join('\n'),
      };
    });
  },
};

/** What is imported on demand stays outside of the filters' one file: the library's build has it. */
export const leaveToLibrary: Plugin = {
  name: 'leave to the library',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path: name }) =>
      kind === 'dynamic-import' ? { path: name.replace(/\.ts$/, '.js'), external: true } : undefined,
    );
  },
};
