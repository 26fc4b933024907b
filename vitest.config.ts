import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { alias } from './alias.config.js';
import { skipReporter } from './properties/skipReporter.js';

const root = fileURLToPath(new URL('./', import.meta.url));

const allFiles = ['src', 'properties', 'examples'].flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
);

/**
 * Code that measures the memory of its process, loads modules again, loads TensorFlow, or changes settings of Mesa. All other
 * test files undo their changes to the process.
 */
const NEEDS_A_PROCESS = /setFlagsFromString|resetModules|registerBackend|eightLanes/;

/**
 * Tests allocate much memory for a short time: a larger young generation is collected less often. They run most functions only
 * a short time too. V8 before version 12 has only one optimizing compiler, which would take a fifth of the time of all tests:
 * let it wait until a function has run nine times as long as by default.
 */
const V8_SETTINGS = [
  '--min-semi-space-size=64', // MiB, from the beginning
  '--max-semi-space-size=64',
  ...(Number(process.versions.v8.split('.')[0]) < 12 ? ['--interrupt-budget=1200000'] : []),
];

/**
 * Test files that only `npm run test:all` runs: those of the examples, of programs on pages of the docs, and of several processes
 * or threads. `npm test` runs them too if its command line names a path.
 */
const WHOLE_PROGRAMS = /^examples[/]|^properties[/](shards|threads|documentation[/]pages)[/]/;
const hasPath = process.argv.slice(2).some((argument) => !argument.startsWith('-') && argument.includes('/'));

/**
 * A configuration for the test files whose text matches `chosen`, and whose path does not match `omitted`. A file that needs a
 * process has one to itself; the others share processes, and load each source file once.
 */
export const configOf = (env: Readonly<Record<string, string>> = {}, chosen = /(?:)/, omitted = /(?!)/) => {
  const matching = (paths: readonly string[], pattern: RegExp): string[] =>
    paths.filter((path) => pattern.test(readFileSync(root + path, 'utf8')));
  const files = matching(
    allFiles.filter((path) => !omitted.test(path)),
    chosen,
  );
  const isolated = matching(files, NEEDS_A_PROCESS);
  return defineConfig({
    resolve: {
      alias: [
        ...alias,
        // the package itself takes two seconds to load: it builds every combination of vitest's modifiers
        { find: '@fast-check/vitest', replacement: `${root}properties/property.ts` },
      ],
    },
    test: {
      pool: 'forks',
      maxWorkers: Math.max(2, availableParallelism()),
      // long enough for a slow machine; a test that hangs still ends
      testTimeout: 600_000,
      hookTimeout: 600_000,
      watch: false,
      reporters: ['default', skipReporter()],
      setupFiles: [`${root}properties/setup.ts`],
      // counterexamples are long
      chaiConfig: { truncateThreshold: 4000 },
      env,
      projects: [
        {
          extends: true,
          // some measure garbage too: the young generation of Node 20, whatever the version
          test: { name: 'isolated', include: isolated, isolate: true, execArgv: ['--max-semi-space-size=16'] },
        },
        {
          extends: true,
          test: {
            name: 'shared',
            include: files.filter((path) => !isolated.includes(path)),
            isolate: false,
            execArgv: V8_SETTINGS, // not where a file measures its process
          },
        },
      ],
    },
  });
};

/**
 * `npm test`: laws with two fifths of their samples, types, golden values and units, without a GPU and a browser.
 * `vitest.all.config.ts` adds the rest.
 */
export default configOf(
  { NOISEFOLD_RUNS: process.env['NOISEFOLD_RUNS'] ?? '0.4' },
  /(?:)/,
  hasPath ? /(?!)/ : WHOLE_PROGRAMS,
);
