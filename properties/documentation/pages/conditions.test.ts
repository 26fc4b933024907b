/** Tests the programs of docs/conditions.md, in a folder with pictures and their table, and with fewer steps. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { testPage, workIn } from './page.js';

workIn(mkdtempSync(join(tmpdir(), 'noisefold-')));

mkdirSync('pictures');
for (let i = 0; i < 4; i++)
  writeFileSync(
    `pictures/${i}.png`,
    await sharp({ create: { width: 16, height: 16, channels: 3, background: i % 2 === 0 ? 'red' : 'purple' } })
      .png()
      .toBuffer(),
  );
const lines = ['file,shape,colour,background', '0.png,circle,red,stripes', '1.png,,purple,plain', '2.png,square,,']; // 3.png has none
writeFileSync('attributes.csv', `\uFEFF${lines.join('\r\n')}\r\n`); // as Excel writes it

testPage('docs/conditions.md', (page) =>
  page
    .replace('const steps = 3000', 'const steps = 4')
    .replace('batch: 32', 'batch: 4')
    .replace('base: 24, multipliers: [1, 2, 2]', 'base: 8, multipliers: [1, 2]')
    .replaceAll('grid: 25', 'grid: 2'),
);
