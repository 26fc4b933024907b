import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { alias } from './alias.config.js';

const root = fileURLToPath(new URL('./', import.meta.url));

const files = ['src', 'properties', 'examples'].flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
);

/** Code that changes the globals, the flags or the environment of its process, or that holds a device or a browser. */
const KEEPS_A_PROCESS =
  /\bvi\.|\bglobalThis\b|process\.(env|chdir|on)\b|setFlagsFromString|\b(noWebgpu|testOnWebgpu|noChromium|acquireDevice|dawn|webgpu)\b/;

/** Each test file that must have a process to itself. The others share a process, and load each source file once. */
const isolated = files.filter((path) => KEEPS_A_PROCESS.test(readFileSync(root + path, 'utf8')));

/** The tests that need no GPU and no browser: `npm test`. `vitest.all.config.ts` adds the others. */
export default defineConfig({
  resolve: {
    alias: [
      ...alias,
      // the package itself takes two seconds to load: it builds every combination of vitest's modifiers
      { find: '@fast-check/vitest', replacement: `${root}properties/property.ts` },
    ],
  },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // a machine that is slow, or busy, fails no test; one that hangs still ends
    testTimeout: 600_000,
    hookTimeout: 600_000,
    watch: false,
    projects: [
      { extends: true, test: { name: 'isolated', include: isolated, isolate: true } },
      {
        extends: true,
        test: { name: 'shared', include: files.filter((path) => !isolated.includes(path)), isolate: false },
      },
    ],
  },
});
