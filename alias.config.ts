import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Manifest {
  readonly exports: Readonly<Record<string, null | string | { readonly default: string }>>;
}

const root = new URL('./', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('./package.json', root), 'utf8')) as Manifest;

/** Programs here name the package as its users do, and get the sources: no build is needed to run them. */
export const alias = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  target === null || typeof target === 'string'
    ? []
    : [
        {
          find: new RegExp(`^noisefold${subpath.slice(1)}$`),
          replacement: fileURLToPath(new URL(target.default.replace('./dist/', './').replace(/\.js$/, '.ts'), root)),
        },
      ],
);
