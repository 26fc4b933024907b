// Copies the files that the library loads beside its modules, and that the compiler leaves behind, into dist.
import { copyFileSync } from 'node:fs';

const assets = ['src/evaluation/digits/digits.safetensors'];
const root = new URL('../', import.meta.url);

for (const path of assets) copyFileSync(new URL(path, root), new URL(`dist/${path}`, root));
