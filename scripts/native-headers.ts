/**
 * Writes build/generated/*.h: the C++ side of tables that live in TypeScript. scripts/native.ts calls it before CMake runs,
 * so no generated file is committed. A table that both sides need gets a row in {@link headers}.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './build/paths.ts';
import { formatHeader, instructionsHeader } from './native-headers/program.ts';
import { samplingHeader } from './native-headers/sampling.ts';

interface Header {
  /** Its name in the folder; C++ includes it as "generated/<file>". */
  file: string;
  /** What it holds, without the include guard. */
  text(): string;
  /** Where the table is that it is made of: for the comment at its top. */
  source: string;
}

export const headers: readonly Header[] = [
  { file: 'format.h', text: formatHeader, source: 'lib/plan/format.ts' },
  { file: 'instructions.h', text: instructionsHeader, source: 'lib/plan/instructions.ts' },
  { file: 'sampling.h', text: samplingHeader, source: 'lib/runtime/options/sampling.ts' },
];

export const generatedFolder = path.join(root, 'build/generated');

/** The whole file. */
export function renderHeader({ file, text, source }: Header): string {
  const guard = `GGMA_GENERATED_${file.toUpperCase().replace(/\W/g, '_')}`;
  return [
    `// Made of ${source} by scripts/native-headers.ts: change it there.`,
    `#ifndef ${guard}\n#define ${guard}\n`,
    text().trim(),
    '\n#endif\n',
  ].join('\n');
}

/** A file that is up to date keeps its time, because a newer one would compile everything that includes it again. */
export function writeNativeHeaders(folder = generatedFolder): void {
  mkdirSync(folder, { recursive: true });
  for (const header of headers) {
    const file = path.join(folder, header.file);
    const text = renderHeader(header);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
}
