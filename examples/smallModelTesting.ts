/** A small model with three classes, as a file. */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Noisefold, unwrap } from 'noisefold';
import { cosine, ddpm } from 'noisefold/diffusion';
import { compile, key, program } from 'noisefold/dsl';
import { unet, type UNetParams } from 'noisefold/nn';
import { saveTrained, type Trained } from 'noisefold/training';

export type SmallModel = Trained<UNetParams, [8, 8, 1]>;

/** An untrained U-Net of 8×8 images. */
export const smallModel = async (nf: Noisefold, seed = 1): Promise<SmallModel> => {
  const size = { base: 8, multipliers: [1], blocks: 1, groups: 4, heads: 2, timesteps: 100 };
  const model = unwrap(unet({ image: [8, 8, 1], ...size, conditions: { label: 3 }, predicts: 'v' }));
  const { run } = await nf.run(compile(program('key', model.init), {}));
  return { model, noising: unwrap(ddpm(cosine(100))), image: [8, 8, 1], params: await nf.run(run(key(seed))) };
};

/** The bytes of its file. */
export const fileOf = async (nf: Noisefold, trained: SmallModel): Promise<Uint8Array<ArrayBuffer>> => {
  const path = join(tmpdir(), `noisefold-${crypto.randomUUID()}.safetensors`);
  await nf.run(saveTrained(path, trained));
  const bytes = new Uint8Array(await readFile(path));
  await rm(path);
  return bytes;
};
