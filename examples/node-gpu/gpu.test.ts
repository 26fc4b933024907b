import { either as E } from 'fp-ts';
import { expect, test } from 'vitest';
import { gpu } from './gpu.js';

test('a GPU is selected, or the error gives the reason for each backend that was tried', async () => {
  const actual = await gpu();
  if (E.isRight(actual)) expect(['--backend tfjs-node-gpu', '--backend webgpu']).toContain(actual.right.join(' '));
  else expect(actual.left.message).toMatch(/^node-gpu: expected a GPU, got none: the tfjs-node-gpu backend: .*the webgpu backend: .*; pass --backend wasm/s); // oxfmt-ignore
});
