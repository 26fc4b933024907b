import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { onWasm } from '../../../properties/training/onWasm.js';
import { floatsOfHalves } from '../../internal/numerics/float16.js';
import { halvesOf } from '../../internal/numerics/toFloat16.js';
import { leftOf, right } from '../../training/testing.js';
import { readTensors } from '../../checkpoints/snapshot.js';
import { untrained } from '../../checkpoints/untrainedTesting.js';
import { checkedIndex, checkedNetwork } from './folder.js';
import { loadDiffusers } from './loadDiffusers.js';
import { saveDiffusers } from './saveDiffusers.js';

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

test('weights in float16 have the name of the variant, and are read with and without it', () =>
  onWasm(async (backend) => {
    const path = mkdtempSync(`${tmpdir()}/noisefold-half-`);
    const trained = await untrained()(backend);
    right(await saveDiffusers(path, trained, { dtype: 'float16' })(backend)());
    // the convention of diffusers: from_pretrained(path, variant='fp16')
    expect(readdirSync(`${path}/unet`).toSorted()).toEqual(['config.json', 'diffusion_pytorch_model.fp16.safetensors']);
    const exact = right(await readTensors(trained.params)(backend)());
    const rounded = [...exact].map(([name, { data }]) => [name, floatsOfHalves(halvesOf(data as Float32Array))]); // of parameters
    for (const options of [{}, { variant: 'fp16' }]) {
      const { params } = right(await loadDiffusers(path, options)(backend)());
      const read = [...right(await readTensors(params)(backend)())].map(([name, { data }]) => [name, data]);
      expect(read).toEqual(rounded);
    }
    rmSync(path, { recursive: true });
  }));
