// Copies the files that the library and the examples load in addition to their modules, which the compiler does not copy, into dist.
import { copyFileSync } from 'node:fs';

const assets = ['src/evaluation/digits/digits.safetensors', 'examples/faces/judge.safetensors'];
const root = new URL('../', import.meta.url);

for (const path of assets) copyFileSync(new URL(path, root), new URL(`dist/${path}`, root));
