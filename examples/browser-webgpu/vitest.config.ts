import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { alias } from '../../alias.config.js';
import { skipReporter } from '../../properties/skipReporter.js';

/** The tests of the built page in a browser, `npm run test:page`; `npm test` does not run them. */
export default defineConfig({
  root: fileURLToPath(new URL('./', import.meta.url)),
  resolve: { alias },
  test: {
    include: ['test/*.spec.ts'],
    pool: 'forks',
    maxWorkers: 2,
    isolate: false, // their modules load once for each worker
    testTimeout: 600_000,
    hookTimeout: 600_000,
    watch: false,
    reporters: ['default', skipReporter()],
    env: { NOISEFOLD_TESTS: 'all' }, // this command must have a browser
  },
});
