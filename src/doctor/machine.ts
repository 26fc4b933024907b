/** What is installed, and on what. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';

export interface Machine {
  readonly noisefold: string;
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  /** Versions of packages; null for those that are not installed. */
  readonly packages: Readonly<Record<string, string | null>>;
}

/** Optional peers among them. */
const PACKAGES = ['@tensorflow/tfjs-core', 'webgpu', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];

const versionIn = (path: string | URL): string =>
  (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;

/** The version of an installed package. Its manifest may not be exported: it is looked for where packages are. */
const versionOf = (name: string): string | null => {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return versionIn(`${folder}/${name}/package.json`);
    } catch {
      continue; // not in this one
    }
  }
  return null;
};

/** `manifest`: that of noisefold. */
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
