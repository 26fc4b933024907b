// Removes the modules and the declarations that no entry point of the package reaches: no program can import them.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8'));
const reached = new Set();
const reach = (file) => {
  if (reached.has(file)) return;
  reached.add(file);
  const ending = file.endsWith('.d.ts') ? '.d.ts' : '.js';
  for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles)
    if (fileName.startsWith('.')) reach(resolve(dirname(file), fileName.replace(/\.js$/, ending)));
};
for (const target of Object.values(exports))
  for (const file of [target?.types, target?.default]) if (file) reach(resolve(file));
for (const file of Object.values(bin)) reach(resolve(file));

for (const folder of ['dist/src', 'dist/properties'])
  for (const name of readdirSync(folder, { recursive: true })) {
    const file = resolve(folder, name);
    if (/\.(js|d\.ts|d\.ts\.map)$/.test(name) && !reached.has(file.replace(/\.map$/, ''))) rmSync(file);
  }
rmSync('dist/.tsbuildinfo', { force: true }); // the next build writes them again
