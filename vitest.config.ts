import { defineConfig } from 'vitest/config';
import { alias } from './alias.config.js';

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['{src,properties,examples}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // a machine that is slow, or busy, fails no test; one that hangs still ends
    testTimeout: 600_000,
    hookTimeout: 600_000,
    watch: false,
  },
});
