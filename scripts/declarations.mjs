// Removes the declarations that no entry point of the package reaches: no program can import their modules.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const reached = new Set();
const reach = (file) => {
  if (reached.has(file)) return;
  reached.add(file);
  for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles)
    if (fileName.startsWith('.')) reach(resolve(dirname(file), fileName.replace(/\.js$/, '.d.ts')));
};
for (const target of Object.values(manifest.exports)) if (target?.types) reach(resolve(target.types));

for (const name of readdirSync('dist', { recursive: true })) {
  const file = resolve('dist', name);
  if (/\.d\.ts(\.map)?$/.test(name) && !reached.has(file.replace(/\.map$/, ''))) rmSync(file);
}
rmSync('dist/.tsbuildinfo', { force: true }); // the next build writes them again
