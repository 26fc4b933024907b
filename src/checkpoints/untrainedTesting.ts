/** A small U-Net with its initial parameters, for tests of files. */
import { cosine, ddpm, type Model, type Noising } from '../diffusion/index.js';
import { type Backend, compile, key, program } from '../dsl/index.js';
import { unet, type UNetConfig, type UNetParams } from '../nn/index.js';
import type { ImageShape } from '../data/dataset.js';
import { right } from '../training/testing.js';
import type { Trained } from './trained.js';

export const small = {
  image: [8, 8, 1],
  base: 8,
  multipliers: [1],
  blocks: 1,
  groups: 4,
  heads: 2,
  predicts: 'v',
  timesteps: 100,
} as const satisfies UNetConfig;
export const hundred = right(ddpm(cosine(100)));

/** A U-Net with its initial parameters. */
export const untrained =
  (config: UNetConfig = small, noising: Noising = hundred) =>
  async (backend: Backend): Promise<Trained<UNetParams, ImageShape>> => {
    const model = right(unet(config)) as unknown as Model<UNetParams, ImageShape>; // with generic extents
    const params = right(await right(await compile(program('key', model.init), {})(backend)()).run(key(1))());
    return { model, noising, image: config.image, params } as never; // parameters of its model
  };
