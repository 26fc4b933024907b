import { defineConfig } from 'vitest/config';
import { alias } from './alias.config.js';

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['{src,properties,examples}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    watch: false,
  },
});
