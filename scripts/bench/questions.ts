/** What `npm run bench` asks, in which order, and how each question is put. */
import { flag, namesOf, type Option, parseOptions } from './options.ts';

interface Question {
  name: string;
  asks: string;
  script: string;
  /** As usual, and with --quick. */
  words: readonly string[];
  quick: readonly string[];
}

export interface Chosen {
  name: string;
  asks: string;
  script: string;
  words: readonly string[];
}

const question = (name: string, asks: string, words: string, quick: string): Question => ({
  ...{ name, asks, script: `scripts/bench/${name}.ts` },
  ...{ words: words.split(' ').filter(Boolean), quick: quick.split(' ').filter(Boolean) },
});

export const questions: readonly Question[] = [
  {
    ...question('limits', 'what the machine reads and multiplies at best', '', ''),
    script: 'scripts/limits.ts',
  },
  question(
    'throughput',
    'tokens/s by model, dtype and threads',
    '',
    '--models T0,S15 --dtypes f32,q8_0 --rounds 1',
  ),
  question('latency', 'how long a user waits', '', '--models T0,S15 --rounds 5'),
  question(
    'context',
    'decoding as the context grows',
    '--rounds 2',
    '--depths 32,128,512 --kv f32 --rounds 1',
  ),
  question('batch', 'many sequences at once', '--rounds 2', '--models S15 --conc 1,4,16 --rounds 1'),
  question('boundary', 'what JavaScript adds to a token', '', '--rounds 11'),
  question('busy', 'decoding beside a busy core', '--rounds 3', '--models S15 --dtypes q8_0 --rounds 2'),
  question('startup', 'process start to first token, memory', '--rounds 5', '--rounds 3'),
  question('demo', 'the demo, from prompt to start', '--rounds 7', '--rounds 3'),
  question('serving', 'sampling, and the event loop under load', '--rounds 5', '--rounds 1'),
  question('quality', 'what narrower weights cost in quality', '', '--tokens 512'),
  question('pipeline', "the filters' time and memory", '--rounds 5', '--rounds 1'),
];

/** The same, but that an empty text is no name at all. */
const orNone = <T>({ fallback, read }: Option<T[]>): Option<T[]> => ({
  fallback,
  read: (text, name) => (text === '' ? [] : read(text, name)),
});

/** The questions that a command line asks for, in their order. @throws Error of one line */
export function chosenQuestions(words: readonly string[]): Chosen[] {
  const names = questions.map(({ name }) => name);
  const all = names.join(',');
  const options = parseOptions(
    words,
    { quick: flag, only: namesOf(names, all), except: orNone(namesOf(names, '')) },
    'none',
  );
  return questions
    .filter(({ name }) => options.only.includes(name) && !options.except.includes(name))
    .map(({ name, asks, script, words, quick }) => ({
      ...{ name, asks, script },
      words: options.quick ? quick : words,
    }));
}
