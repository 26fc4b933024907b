// Fails if a folder has more files of its own than a reader finds their way in, or if two folders of src import each
// other. Tests beside their sources do not count, nor do `index.ts` files, which only re-export.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MOST = 24;
const root = fileURLToPath(new URL('../', import.meta.url));

/** The folder and all folders in it, as paths. */
const foldersIn = (folder) => [
  folder,
  ...readdirSync(root + folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .flatMap(({ name }) => foldersIn(`${folder}/${name}`)),
];

const filesIn = (folder) =>
  readdirSync(root + folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !/\.(test|spec)\.ts$/.test(entry.name))
    .map(({ name }) => `${folder}/${name}`);

const complain = (text) => {
  console.log(text);
  process.exitCode = 1;
};

for (const folder of ['src', 'properties', 'examples', 'bench', 'scripts'].flatMap(foldersIn)) {
  const { length } = filesIn(folder);
  if (length > MOST)
    complain(`${folder} has ${length} files, at most ${MOST} are allowed: group some of them in folders`);
}

const sources = foldersIn('src')
  .flatMap(filesIn)
  .filter((file) => file.endsWith('.ts') && !/(^|\/)(index|testing|\w+Testing)\.ts$/.test(file));

/** An import of each pair of folders: the file that imports, by `FROM TO`. */
const imports = new Map();
for (const file of sources)
  for (const [, path] of readFileSync(root + file, 'utf8').matchAll(/(?:from|import\() *'(\.[^']+)'/g)) {
    const [from, to] = [dirname(file), dirname(join(file, '..', path))];
    if (from !== to) imports.set(`${from} ${to}`, `${file} imports ${join(file, '..', path)}`);
  }

for (const [pair, there] of imports) {
  const [from, to] = pair.split(' ');
  const back = imports.get(`${to} ${from}`);
  if (back !== undefined && from < to) complain(`${from} and ${to} import each other: ${there}, ${back}`);
}
