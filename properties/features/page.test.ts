import { expect, test } from 'vitest';
import type { Violation } from '../laws/law.js';
import { features } from './all.js';
import { featuresPage } from './page.js';

const [add] = features;
const page = (wasm: Violation, unet: Violation, gradient: Violation): string =>
  featuresPage(
    [{ feature: add!, says: 'x + y', backends: { cpu: null, wasm }, gradient }],
    [{ name: 'with classes', backends: { cpu: unet, wasm: null } }],
    [{ says: 'runs repeat', holds: 'run(x) = run(x)', laws: [] }],
  );

test('the page lists exactly the failures as exceptions', () => {
  const sound = page(null, null, null);
  expect(sound).toContain('Exceptions:\n\n- None.\n');
  const failing = page('1 is not 2', 'differs', 'is 0').split('Exceptions:\n\n')[1]!.split('\n\n')[0];
  expect(failing).toBe(
    [
      '- cpu computes a U-Net wrongly: with classes.',
      '- wasm computes `add` wrongly.',
      '- The gradient of `add` is wrong.',
    ].join('\n'),
  );
});
