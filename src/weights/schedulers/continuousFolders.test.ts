/** Folders of diffusers for flow matching and for EDM. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { onWasm } from '../../../properties/training/onWasm.js';
import {
  cosine,
  ddpm,
  edm,
  linearInLogAlpha,
  type Noising,
  preconditioned,
  rectifiedFlow,
  trigonometric,
} from '../../diffusion/index.js';
import { type Backend, compile, key, program } from '../../dsl/index.js';
import { unet, type UNetConfig, type UNetParams } from '../../nn/index.js';
import type { ImageShape } from '../../data/dataset.js';
import { sample } from '../../training/sample/sample.js';
import { leftOf, right } from '../../training/testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { readTensors } from '../../checkpoints/snapshot.js';
import { loadDiffusers } from '../diffusers/loadDiffusers.js';
import { saveDiffusers } from '../diffusers/saveDiffusers.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-continuous-`);
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;
const newFolder = (): string => `${folder}/${folders++}`;

const small = { image: [8, 8, 1], base: 8, multipliers: [1, 2], blocks: 1, groups: 4, heads: 1, attention: [4] } as const; // oxfmt-ignore
const flowing = { ...small, predicts: 'velocity' } as const;
const raw = { ...small, timesteps: 'continuous' } as const;
const thousand = right(ddpm(cosine(1000)));

/** A U-Net with its initial parameters, perhaps with EDM's preconditioning. */
const untrained =
  (config: UNetConfig, noising: Noising, sigmaData?: number) =>
  async (backend: Backend): Promise<Trained<UNetParams, ImageShape>> => {
    const network = right(unet(config as UNetConfig<[number, number, number]>)); // a triple
    const model = sigmaData === undefined ? network : right(preconditioned(network, { as: 'edm', sigmaData }));
    const params = right(await right(await compile(program('key', model.init), {})(backend)()).run(key(1))());
    return { model, noising, image: config.image, params };
  };

const FILES = ['unet/config.json', 'scheduler/scheduler_config.json', 'model_index.json', 'unet/diffusion_pytorch_model.safetensors']; // oxfmt-ignore
const EDM_DEFAULTS = {
  sigma_min: 0.002,
  sigma_max: 80,
  sigma_schedule: 'karras',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  rho: 7,
  final_sigmas_type: 'zero',
};

describe('a saved folder is loaded unchanged, and sampled from', () => {
  test.each<readonly [string, Parameters<typeof untrained>, object | undefined, object]>([
    ['of a flow', [flowing, rectifiedFlow()], undefined, { _class_name: 'FlowMatchEulerDiscreteScheduler', num_train_timesteps: 1000, shift: 1 }],
    ['of a shifted flow', [flowing, rectifiedFlow()], { _class_name: 'FlowMatchEulerDiscreteScheduler', shift: 3 }, { shift: 3 }],
    ['of EDM', [raw, edm(), 1], undefined, { _class_name: 'EDMEulerScheduler', ...EDM_DEFAULTS, sigma_data: 1 }],
    ['of a flow by Heun', [flowing, rectifiedFlow()], { _class_name: 'FlowMatchHeunDiscreteScheduler', shift: 3 }, { shift: 3 }],
    ['of a flow by DPM-Solver', [flowing, rectifiedFlow()], { _class_name: 'DPMSolverMultistepScheduler', use_flow_sigmas: true, flow_shift: 3, prediction_type: 'flow_prediction' }, { flow_shift: 3 }],
    ['of IPNDM', [{ ...small, predicts: 'v', timesteps: 1 }, trigonometric({ timeScale: 1 })], undefined, { _class_name: 'IPNDMScheduler' }],
    ['of EDM by DPM-Solver', [raw, edm(), 0.5], { _class_name: 'EDMDPMSolverMultistepScheduler', solver_order: 3 }, { solver_order: 3, sigma_data: 0.5 }],
    ['of EDM with other σ', [raw, edm(), 0.5], { _class_name: 'EDMEulerScheduler', sigma_max: 10, sigma_schedule: 'exponential' }, { sigma_max: 10, sigma_data: 0.5 }],
  ])('%s', (_, of, scheduler, written) =>
    onWasm(async (backend) => {
      const path = newFolder();
      const trained = await untrained(...of)(backend);
      right(await saveDiffusers(path, trained, scheduler && { scheduler: scheduler as never })(backend)());
      expect(JSON.parse(readFileSync(`${path}/scheduler/scheduler_config.json`, 'utf8'))).toMatchObject(written);
      const loaded = right(await loadDiffusers(path, { steps: 3 })(backend)());
      const { config, preconditioning } = trained.model as typeof loaded.model & { preconditioning?: object };
      expect(loaded.model).toMatchObject({ config, ...(preconditioning && { preconditioning }) });
      expect(loaded.noising).toMatchObject({ name: (trained.noising as { name?: string }).name });
      expect(loaded.notes).toEqual([]);
      expect(right(await readTensors(loaded.params)(backend)())).toEqual(
        right(await readTensors(trained.params)(backend)()),
      );
      const again = newFolder();
      right(await saveDiffusers(again, loaded, { scheduler: loaded.scheduler! })(backend)());
      for (const name of FILES)
        expect([name, readFileSync(`${again}/${name}`).equals(readFileSync(`${path}/${name}`))]).toEqual([name, true]);
      const drawing = { count: 2, key: key(8) };
      const images = right(await sample(loaded, { ...loaded.sampling, ...drawing })(backend)());
      const own = right(await sample(trained, { ...loaded.sampling, ...drawing })(backend)());
      expect(images.shape).toEqual([2, 8, 8, 1]);
      expect(images).toEqual(own);
      expect(images.data.every(Number.isFinite)).toBe(true);
    }),
  ); // oxfmt-ignore

  test('as a network of a flow without a pipeline, with its process', () =>
    onWasm(async (backend) => {
      const path = newFolder();
      right(await saveDiffusers(path, await untrained(flowing, rectifiedFlow())(backend))(backend)());
      const how = { noising: rectifiedFlow(), predicts: 'velocity', steps: 2 } as const;
      const loaded = right(await loadDiffusers(`${path}/unet`, how)(backend)());
      expect(loaded.model.config).toEqual(right(unet(flowing)).config);
      expect(right(loaded.sampling.grid(loaded.noising))).toEqual([1, 0.5]);
      const images = right(await sample(loaded, { ...loaded.sampling, count: 1, key: key(8) })(backend)());
      expect(images.shape).toEqual([1, 8, 8, 1]);
    }));
});

describe('a model that no scheduler of diffusers samples is not saved', () => {
  const flowScheduler = { _class_name: 'FlowMatchEulerDiscreteScheduler' };
  test.each<readonly [string, Parameters<typeof untrained>, object | undefined, string, string]>([
    ['another path', [flowing, trigonometric()], undefined, 'noising', 'trigonometric, with velocity'],
    ['IPNDM by a scheduler of flows', [{ ...small, predicts: 'v' }, trigonometric({ timeScale: 1 })], flowScheduler, 'scheduler._class_name', '"FlowMatchEulerDiscreteScheduler"'],
    ['a path of another scale', [{ ...small, predicts: 'v' }, trigonometric()], undefined, 'noising', 'trigonometric, with v'],
    ['a flow of noise', [{ ...small, predicts: 'epsilon' }, rectifiedFlow()], undefined, 'noising', 'rectifiedFlow, with epsilon'],
    ['a network of fewer times', [{ ...flowing, timesteps: 500 }, rectifiedFlow()], undefined, 'noising', 'rectifiedFlow'],
    [
      'a path of the name of a flow',
      [flowing, { ...trigonometric(), name: 'rectifiedFlow' }],
      undefined,
      'noising',
      'rectifiedFlow, with velocity',
    ],
    [
      'a schedule whose levels between timesteps are others',
      [{ ...small, predicts: 'v' }, linearInLogAlpha(thousand)],
      undefined,
      'noising.between',
      'another measure',
    ],
    ['EDM on a schedule', [raw, thousand, 0.5], undefined, 'noising', 'the process of a schedule'],
    ['a flow by a scheduler of DDPM', [flowing, rectifiedFlow()], { _class_name: 'DDIMScheduler' }, 'scheduler._class_name', '"DDIMScheduler"'],
    ['EDM by a scheduler of flows', [raw, edm(), 0.5], flowScheduler, 'scheduler._class_name', '"FlowMatchEulerDiscreteScheduler"'],
    ['a wrong field', [flowing, rectifiedFlow()], { ...flowScheduler, shift: -1 }, 'scheduler: shift', '-1'],
    ['a schedule by a scheduler of flows', [{ ...small, predicts: 'v' }, thousand], flowScheduler, 'scheduler', ''],
  ])('%s', (_, of, scheduler, where, actual) =>
    onWasm(async (backend) => {
      const trained = await untrained(...of)(backend);
      const options = scheduler && { scheduler: scheduler as never };
      const error = await leftOf(saveDiffusers(newFolder(), trained, options)(backend));
      expect(error).toMatchObject({ _tag: 'ConfigError', where: expect.stringContaining(`saveDiffusers: ${where}`) });
      expect(error.actual).toContain(actual);
    }),
  ); // oxfmt-ignore
});
