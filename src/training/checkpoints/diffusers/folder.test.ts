import { expect, test } from 'vitest';
import { leftOf } from '../../testing.js';
import { checkedIndex, checkedNetwork } from './folder.js';

const index = {
  _class_name: 'DDPMPipeline',
  unet: ['diffusers', 'UNet2DModel'],
  scheduler: ['diffusers', 'DDPMScheduler'],
};
const ALONE = 'load its UNet2DModel alone, from the folder unet of the pipeline';
const NEVER = 'a UNet2DModel can be loaded, alone or with a scheduler; networks of text conditions, and VAEs, cannot';

test.each([
  ['another pipeline of a UNet2DModel', { _class_name: 'KarrasVePipeline' }, ALONE],
  ['a UNet2DModel with a VAE', { vqvae: ['diffusers', 'VQModel'] }, ALONE],
  ['a network of text conditions', { unet: ['diffusers', 'UNet2DConditionModel'] }, NEVER],
  ['a network of other code', { unet: ['my_pipeline', 'UNet2DModel'] }, NEVER],
])('the error says whether the network can be loaded alone: %s', async (_, change, hint) => {
  expect((await leftOf(async () => checkedIndex('index', { ...index, ...change }))).hint).toBe(hint);
});

test('the error of a network by itself does not send to its own folder', async () => {
  const config = { _class_name: 'UNet2DConditionModel' };
  expect((await leftOf(async () => checkedNetwork('config', config))).hint).toBe(NEVER);
});
