// A user's first minute: plain Node, the packed tarball in node_modules, no TypeScript and no bundler.
// Type checks cannot see a subpath that fails to load; this can.
import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync('node_modules/noisefold/package.json', 'utf8'));
const open = Object.keys(exports).filter((subpath) => exports[subpath]?.default !== undefined);

for (const subpath of open) {
  const names = Object.keys(await import(subpath.replace('.', 'noisefold')));
  if (names.length === 0) throw new Error(`${subpath} exports nothing`);
  console.log(`${subpath}: ${names.length} exports`);
}

const closed = await import('noisefold/internal/fp').catch((error) => error.code);
if (closed !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new Error('noisefold/internal is open');

const { key } = await import('noisefold/dsl');
if (JSON.stringify(key(7)) !== JSON.stringify(key(7))) throw new Error('one seed made two keys');
