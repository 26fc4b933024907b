import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { alias } from '../../alias.config.js';

/** The tests of the built page in a browser, which `npm test` leaves out: `npm run test:page`. */
export default defineConfig({
  root: fileURLToPath(new URL('./', import.meta.url)),
  resolve: { alias },
  test: {
    include: ['test/*.spec.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    watch: false,
  },
});
