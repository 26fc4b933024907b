import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

interface Manifest {
  readonly exports: Readonly<Record<string, null | string | { readonly default: string }>>;
}

const manifest = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as Manifest;

// Tests name the package as its users do, and get the sources: no build is needed to run them.
const alias = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  target === null || typeof target === 'string'
    ? []
    : [
        {
          find: new RegExp(`^noisefold/${subpath.slice(2)}$`),
          replacement: fileURLToPath(
            new URL(target.default.replace('./dist/', './').replace(/\.js$/, '.ts'), import.meta.url),
          ),
        },
      ],
);

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
