/** Versions of noisefold, Node and the packages that backends need; the system and CPU. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';

export interface Machine {
  readonly noisefold: string;
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  /** Package versions; null if a package is not installed. */
  readonly packages: Readonly<Record<string, string | null>>;
}

/** Optional peers that backends need. */
const PACKAGES = ['webgpu', '@tensorflow/tfjs-core', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];

const versionIn = (path: string | URL): string =>
  (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;

/**
 * Finds the version of an installed package. It reads the file itself, because a package may not export its manifest.
 */
const versionOf = (name: string): string | null => {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return versionIn(`${folder}/${name}/package.json`);
    } catch {
      continue; // not in this folder
    }
  }
  return null;
};

/** Describes this machine; `manifest` is the URL of noisefold's package.json. */
export const machine = (manifest: URL): Machine => {
  const all = cpus();
  return {
    noisefold: versionIn(manifest),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
    cpu: `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  };
};
