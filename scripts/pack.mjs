// Packs a copy of the build as .cache/noisefold.tgz, like `npm pack`: stripping changes `dist`, which other commands read.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'noisefold-pack-'));
const left = new Set(['node_modules', '.git', '.cache'].map((name) => join(root, name)));
try {
  cpSync(root, work, { recursive: true, filter: (path) => !left.has(path) });
  for (const script of ['uncomment', 'unreached'])
    execFileSync(process.execPath, [join(root, `scripts/${script}.mjs`)], { cwd: work });
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json'], {
    cwd: work,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  mkdirSync(join(root, '.cache'), { recursive: true });
  copyFileSync(join(work, JSON.parse(packed)[0].filename), join(root, '.cache/noisefold.tgz'));
} finally {
  rmSync(work, { recursive: true });
}
