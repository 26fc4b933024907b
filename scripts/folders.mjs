// Fails if a folder has more files of its own than a reader finds their way in. Tests beside their sources do not count.
import { readdirSync } from 'node:fs';
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

for (const folder of ['src', 'properties', 'examples', 'bench', 'scripts'].flatMap(foldersIn)) {
  const files = readdirSync(root + folder, { withFileTypes: true }).filter(
    (entry) => !entry.isDirectory() && !/\.(test|spec)\.ts$/.test(entry.name),
  );
  if (files.length <= MOST) continue;
  console.log(`${folder} has ${files.length} files, at most ${MOST} are allowed: group some of them in folders`);
  process.exitCode = 1;
}
