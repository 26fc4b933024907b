// Writes LAWS.md from the laws; `npm run build` first.
import { writeFileSync } from 'node:fs';
import { lawsPage } from '../dist/properties/laws/document.js';
import { reference } from '../dist/src/backends/reference/index.js';

const { right: backend } = await reference()();
writeFileSync(new URL('../LAWS.md', import.meta.url), lawsPage(backend));
