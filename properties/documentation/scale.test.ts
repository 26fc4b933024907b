import { symlinkSync, writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { bundled } from '../bundled.js';
import { testPage } from './page.js';

// the package has the program of its workers; the sources are bundled
const folder = mkdtempSync(join(tmpdir(), 'noisefold-scale-'));
const worker = join(folder, 'main.mjs');
symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
writeFileSync(worker, await bundled(new URL('../../src/cli/main.ts', import.meta.url), { node: true }));
afterAll(() => rmSync(folder, { recursive: true }));

testPage('docs/scale.md', (text) =>
  text.replaceAll('local({ processes: 2 })', `local({ processes: 2, worker: '${worker}' })`),
);
