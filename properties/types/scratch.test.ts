import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { compiled6 } from './operations/compilers.js';
const head = readFileSync('/tmp/measure.head','utf8');
const lines: Record<string,string> = JSON.parse(readFileSync('/tmp/measure.json', 'utf8'));
test('cost', () => {
  const fill = (t: string, i: number) => t.replaceAll(/#(\d+)/g, (_, n) => `${Number(n) + i}`);
  const mods: Record<string,string> = {};
  for (const [n, l] of Object.entries(lines)) {
    const at = Object.keys(lines).indexOf(n) * 5;
    mods[n+'-first'] = head + `export const _0 = ${fill(l, at)};\n`;
    mods[n] = head + [1,2,3,4].map((i) => `export const _${i} = ${fill(l, at+i)};\n`).join('');
  }
  const { cost } = compiled6(mods);
  for (const n of Object.keys(lines)) { try { const f = cost(n+'-first'); console.log(n, f, cost(n)/4); } catch (e) { console.log(n, String(e).slice(0, 600)); } }
}, 100000);
