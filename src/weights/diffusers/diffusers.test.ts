import { requireDiscrete } from '../../diffusion/paths/noising.js';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onWasm } from '../../../properties/training/onWasm.js';
import { reference } from '../../backends/reference/index.js';
import {
  cosine,
  ddpm,
  linear,
  linearUnscaled,
  type DiscreteNoising,
  respace,
  scaledLinear,
  sigmoidBetas,
  zeroTerminalSNR,
} from '../../diffusion/index.js';
import { type Backend, compile, key, type NoisefoldError, program, treeSpec, using } from '../../dsl/index.js';
import { decodeSafetensors, encodeSafetensors } from '../../formats/safetensors/safetensors.js';
import { E, F, TE, type taskEither } from '../../internal/fp.js';
import { unet, type UNetConfig, type UNetParams } from '../../nn/index.js';
import type { ImageShape } from '../../data/dataset.js';
import { sample } from '../../training/sample/sample.js';
import { right } from '../../training/testing.js';
import type { Trained } from '../../checkpoints/trained.js';
import { readTensors } from '../../checkpoints/snapshot.js';
import { type DiffusersFolder, loadDiffusers } from './loadDiffusers.js';
import { saveDiffusers, type SaveDiffusersOptions } from './saveDiffusers.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-diffusers-`);
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;
const newFolder = (): string => `${folder}/${folders++}`;

const small = { image: [8, 8, 1], base: 8, multipliers: [1, 2], blocks: 1, groups: 4, heads: 1, attention: [4], predicts: 'v' } as const; // oxfmt-ignore
const thousand = right(ddpm(cosine(1000)));

const untrained =
  (config: UNetConfig = small, noising: DiscreteNoising = thousand) =>
  async (backend: Backend): Promise<Trained<UNetParams, ImageShape>> => {
    const model = right(unet(config as UNetConfig<[number, number, number]>)); // a triple
    const params = right(await right(await compile(program('key', model.init), {})(backend)()).run(key(1))());
    return { model, noising, image: config.image, params };
  };

let untouched = '';
beforeAll(async () => {
  untouched = newFolder();
  await onWasm(async (backend) => right(await saveDiffusers(untouched, await untrained()(backend))(backend)()));
});

/** A folder of an untrained model, with some of its files changed. */
const changed = (change: Readonly<Record<string, (fields: Record<string, unknown>) => void>>): string => {
  const path = newFolder();
  cpSync(untouched, path, { recursive: true });
  for (const [name, edit] of Object.entries(change)) {
    const fields = JSON.parse(readFileSync(`${path}/${name}`, 'utf8')) as Record<string, unknown>;
    edit(fields);
    writeFileSync(`${path}/${name}`, JSON.stringify(fields));
  }
  return path;
};

const refusal = async (
  effect: (backend: Backend) => taskEither.TaskEither<NoisefoldError, unknown>,
): Promise<NoisefoldError> => {
  const result = await using(reference())(effect)();
  if (result._tag === 'Left') return result.left;
  throw new Error('it succeeded');
};

const UNET = 'unet/config.json';
const SCHEDULER = 'scheduler/scheduler_config.json';
const INDEX = 'model_index.json';

describe('a saved folder is loaded unchanged', () => {
  const configs: readonly (readonly [string, UNetConfig])[] = [
    ['a small one', small],
    ['of DDPM', { ...small, padding: 'end', epsilon: 1e-6, predicts: 'epsilon' }],
    ['of ADM, with labels', { ...small, resample: 'residual', adaptiveGroupNorm: true, conditions: { label: { classes: 3, required: true } }, learnedVariance: 'range', sinusoid: 'guided-diffusion' }],
    ['with a row for no class', { ...small, conditions: { label: ['cat', 'dog', 'owl'] }, adaptiveGroupNorm: true, middle: 'unnormalized' }],
    ['without attention in the middle', { ...small, middle: 'residual', attention: [], image: [8, 16, 3] }],
    ['of heads by their channels', { ...small, heads: { channels: 4 }, recompute: true, dropout: 0.1 }],
    ['of a longer embedding', { ...small, embedding: 48 }],
  ]; // oxfmt-ignore
  test.each(configs)('%s', (_, config) =>
    onWasm(async (backend) => {
      const path = newFolder();
      const trained = { ...(await untrained(config)(backend)), conditionDropout: 0.1 };
      right(await saveDiffusers(path, trained)(backend)());
      const loaded = right(await loadDiffusers(path)(backend)());
      expect(loaded.model.config).toEqual(right(unet(config as UNetConfig<[8, 8, 1]>)).config);
      expect(loaded).toMatchObject({ image: config.image, conditionDropout: 0.1, notes: [] });
      expect(right(await readTensors(loaded.params)(backend)())).toEqual(
        right(await readTensors(trained.params)(backend)()),
      );
      // and a second time
      const again = newFolder();
      right(await saveDiffusers(again, loaded, { scheduler: loaded.scheduler! })(backend)());
      for (const name of [UNET, SCHEDULER, INDEX, 'unet/diffusion_pytorch_model.safetensors'])
        expect([name, readFileSync(`${again}/${name}`).equals(readFileSync(`${path}/${name}`))]).toEqual([name, true]);
    }),
  );

  test.each([
    ['linear', linearUnscaled(1000)],
    ['scaled_linear', scaledLinear(1000)],
    ['squaredcos_cap_v2', cosine(1000)],
    ['linear', linear(500)],
    [undefined, sigmoidBetas(200)],
    [undefined, F.pipe(scaledLinear(1000), E.flatMap(zeroTerminalSNR))],
  ])('with its process: %s', (name, schedule) =>
    onWasm(async (backend) => {
      const path = newFolder();
      const noising = right(ddpm(schedule));
      const { T } = noising.schedule;
      right(await saveDiffusers(path, await untrained({ ...small, timesteps: T }, noising)(backend))(backend)());
      const fields = JSON.parse(readFileSync(`${path}/${SCHEDULER}`, 'utf8')) as Record<string, unknown>;
      if (name !== undefined) expect(fields).toMatchObject({ beta_schedule: name, trained_betas: null });
      const loaded = requireDiscrete('test', right(await loadDiffusers(path)(backend)()).noising);
      expect(loaded.schedule.T).toBe(T);
      for (const table of ['betas', 'alphaBars'] as const)
        loaded.schedule[table].forEach((number, t) => expect(number).toBeCloseTo(noising.schedule[table][t]!, 12));
    }),
  );

  test.each([
    { _class_name: 'DPMSolverMultistepScheduler' },
    { _class_name: 'DDIMScheduler', timestep_spacing: 'linspace', set_alpha_to_one: false },
    { _class_name: 'PNDMScheduler' },
    { _class_name: 'EulerDiscreteScheduler', use_karras_sigmas: true },
    { _class_name: 'KDPM2AncestralDiscreteScheduler' },
    { _class_name: 'DEISMultistepScheduler', solver_order: 3 },
    { _class_name: 'SASolverScheduler', use_karras_sigmas: true },
    { _class_name: 'LCMScheduler' },
  ])('and sampled from: %j', (scheduler) =>
    onWasm(async (backend) => {
      const path = newFolder();
      right(await saveDiffusers(path, await untrained()(backend), { scheduler })(backend)());
      const loaded = right(await loadDiffusers(path, { steps: 5 })(backend)());
      const drawing = { ...loaded.sampling, count: 2, key: key(8) };
      const images = right(await sample(loaded, drawing)(backend)());
      expect(images.shape).toEqual([2, 8, 8, 1]);
      // in other ways, too: partly, and in another number of steps
      const clipped = { ...images, data: images.data.map((x) => Math.min(Math.max(x, -1), 1)) };
      const from = { images: clipped, strength: 0.5 };
      const partly = right(await sample(loaded, { ...drawing, from })(backend)());
      const others = right(await sample(loaded, { ...drawing, grid: 3 })(backend)());
      for (const { data } of [images, partly, others]) expect(data.every(Number.isFinite)).toBe(true);
    }),
  );

  test('by the scheduler to which its pipeline converts its own', () =>
    onWasm(async (backend) => {
      const path = changed({ [INDEX]: (f) => (f['_class_name'] = 'DDIMPipeline') });
      const { sampling, noising, scheduler } = right(await loadDiffusers(path)(backend)());
      expect(scheduler!['_class_name']).toBe('DDPMScheduler');
      expect(right(sampling.grid(noising))).toHaveLength(50);
      const ofDdpm = right(await loadDiffusers(changed({}))(backend)());
      expect(right(ofDdpm.sampling.grid(noising))).toHaveLength(1000);
    }));

  test('as a network without a pipeline, with its process', () =>
    onWasm(async (backend) => {
      const path = `${changed({})}/unet`;
      const loaded = right(await loadDiffusers(path, { noising: thousand, predicts: 'v', steps: 2 })(backend)());
      expect(loaded.model.config).toEqual(right(unet(small)).config);
      expect(loaded.scheduler).toBeUndefined();
    }));

  test('as an old pipeline, whose files are in one folder', () =>
    onWasm(async (backend) => {
      const path = changed({});
      for (const part of ['unet', 'scheduler'])
        for (const name of readdirSync(`${path}/${part}`)) renameSync(`${path}/${part}/${name}`, `${path}/${name}`);
      const loaded = right(await loadDiffusers(path)(backend)());
      expect(loaded.model.config).toEqual(right(unet(small)).config);
    }));

  test('also from shards', () =>
    onWasm(async (backend) => {
      const path = changed({});
      const whole = `${path}/unet/diffusion_pytorch_model.safetensors`;
      const tensors = [...right(decodeSafetensors(whole)(readFileSync(whole))).tensors];
      const shards = [tensors.slice(0, 50), tensors.slice(50)].map((part, i) => ({
        part,
        name: `shard-${i + 1}.safetensors`,
      }));
      for (const { part, name } of shards)
        writeFileSync(`${path}/unet/${name}`, right(encodeSafetensors({ tensors: new Map(part), metadata: {} })));
      const weight_map = Object.fromEntries(shards.flatMap(({ part, name }) => part.map(([tensor]) => [tensor, name])));
      rmSync(whole);
      writeFileSync(`${whole}.index.json`, JSON.stringify({ metadata: { total_size: 1 }, weight_map }));
      const { params } = right(await loadDiffusers(path)(backend)());
      expect(right(await readTensors(params)(backend)())).toEqual(
        right(await readTensors((await untrained()(backend)).params)(backend)()),
      );
    }));

  test('also from before conditions had names', () =>
    onWasm(async (backend) => {
      const config = { ...right(unet(small)).config, noClass: 'row', labelsAt: 'output' };
      const path = changed({ [UNET]: (fields) => (fields['_noisefold'] = { config, labelDropout: 0.1 }) });
      const loaded = right(await loadDiffusers(path)(backend)());
      expect(loaded).toMatchObject({ model: { config: right(unet(small)).config }, conditionDropout: 0.1 });
    }));

  test('from the fields of diffusers, if they were changed since', () =>
    onWasm(async (backend) => {
      const path = changed({ [UNET]: (fields) => (fields['dropout'] = 0.25) });
      const { model } = right(await loadDiffusers(path)(backend)());
      expect(model.config).toMatchObject({ dropout: 0.25, heads: 1 });
    }));
});

describe('a folder with a part that noisefold lacks is refused, naming the part', () => {
  const wrong: readonly (readonly [string, Parameters<typeof changed>[0], string, string])[] = [
    ['a component that is no class', { [INDEX]: (f) => (f['vae'] = ['diffusers', { toString: 1 }]) }, INDEX, 'vae (diffusers.an object)'],
    ['a component', { [INDEX]: (f) => (f['vqvae'] = ['diffusers', 'VQModel']) }, INDEX, 'vqvae (diffusers.VQModel)'],
    ['a network', { [INDEX]: (f) => (f['unet'] = ['diffusers', 'UNet2DConditionModel']) }, `${INDEX}: unet`, 'UNet2DConditionModel'],
    ['a network of other code', { [INDEX]: (f) => (f['unet'] = ['my_pipeline', 'UNet2DModel']) }, `${INDEX}: unet`, 'my_pipeline.UNet2DModel'],
    ['a pipeline', { [INDEX]: (f) => (f['_class_name'] = 'KarrasVePipeline') }, `${INDEX}: _class_name`, 'KarrasVePipeline'],
    ['a scheduler other than the one its own file names', { [INDEX]: (f) => (f['scheduler'] = ['diffusers', 'PNDMScheduler']) }, `${INDEX}: scheduler`, 'PNDMScheduler'],
    ['a scheduler that is no class', { [INDEX]: (f) => (f['scheduler'] = [{ toString: 1 }]) }, `${INDEX}: scheduler`, 'an array of 1'],
    ['a scheduler of other code', { [INDEX]: (f) => (f['scheduler'] = ['my_pipeline', 'DDPMScheduler']) }, `${INDEX}: scheduler`, 'my_pipeline.DDPMScheduler'],
    ['a network, in its own file', { [UNET]: (f) => (f['_class_name'] = 'UNet1DModel') }, `${UNET}: _class_name`, 'UNet1DModel'],
    ['a block', { [UNET]: (f) => (f['down_block_types'] = ['SkipDownBlock2D', 'DownBlock2D']) }, `${UNET}: diffusersConfig.down_block_types.0`, 'SkipDownBlock2D'],
    ['a scheduler', { [SCHEDULER]: (f) => (f['_class_name'] = 'ScoreSdeVeScheduler') }, `${SCHEDULER}: _class_name`, 'ScoreSdeVeScheduler'],
    ['a prediction', { [SCHEDULER]: (f) => (f['prediction_type'] = 'flow_prediction') }, `${SCHEDULER}: prediction_type`, 'flow_prediction'],
    ['betas', { [SCHEDULER]: (f) => (f['beta_schedule'] = 'quadratic') }, `${SCHEDULER}: beta_schedule`, 'quadratic'],
    ['a variance', { [SCHEDULER]: (f) => (f['variance_type'] = 'learned') }, `${SCHEDULER}: variance_type`, 'learned'],
    ['a variance that the network lacks', { [SCHEDULER]: (f) => (f['variance_type'] = 'learned_range') }, `${SCHEDULER}: variance_type`, 'no variance'],
    ['betas that are not a schedule', { [SCHEDULER]: (f) => { f['beta_schedule'] = 'linear'; f['beta_start'] = 0.5; } }, `${SCHEDULER}: linearUnscaled.end`, '0.5'],
  ]; // oxfmt-ignore
  test.each(wrong)('%s', async (_, change, where, actual) => {
    const path = changed(change);
    const error = await refusal(loadDiffusers(path));
    expect(error.where).toBe(`${path}/${where}`);
    expect(error.actual).toContain(actual);
  });

  test('in a short message, however long its name is', async () => {
    const error = await refusal(
      loadDiffusers(changed({ [INDEX]: (f) => (f['vae'] = ['diffusers', 'Coder'.repeat(4e5)]) })),
    );
    expect(error.message).toMatch(/got vae .diffusers.(Coder)+.* … \w*(Coder)+.; /);
    expect(error.message.length).toBeLessThan(8000);
  });
});

describe('a damaged folder is refused', () => {
  test('without weights, naming the files that could hold them', async () => {
    const path = changed({});
    rmSync(`${path}/unet/diffusion_pytorch_model.safetensors`);
    const error = await refusal(loadDiffusers(path));
    expect(error).toMatchObject({ _tag: 'FileError', where: `${path}/unet` });
    expect(error.expected).toContain('diffusion_pytorch_model.safetensors');
  });

  test('with weights of another network, naming all of them', async () => {
    const path = changed({ [UNET]: (fields) => (fields['layers_per_block'] = 2) });
    expect(await refusal(loadDiffusers(path))).toMatchObject({
      _tag: 'CheckpointMismatch',
      actual: expect.stringMatching(/missing: down_blocks\.0\.resnets\.1\.norm1\.weight, /),
      hint: `use the weights that belong to ${path}/${UNET}, or their own config.json`,
    });
  });

  test('with NaN among its weights, with advice that applies to a folder', async () => {
    const path = changed({});
    const file = `${path}/unet/diffusion_pytorch_model.safetensors`;
    const stored = right(decodeSafetensors(file)(readFileSync(file)));
    (stored.tensors.get('conv_in.bias')!.data as Float32Array)[0] = NaN;
    writeFileSync(file, right(encodeSafetensors({ ...stored, metadata: {} })));
    expect(await refusal(loadDiffusers(path))).toMatchObject({
      _tag: 'DecodeError',
      actual: expect.stringContaining('NaN'),
      hint: 'use other weights, or read these with withWeights and { finite: false }',
    });
  });

  test('with a file that is not JSON, or without a file', async () => {
    const path = changed({});
    writeFileSync(`${path}/${UNET}`, '{"sample_size": 8,');
    expect(await refusal(loadDiffusers(path))).toMatchObject({ _tag: 'DecodeError', where: `${path}/${UNET}` });
    rmSync(`${path}/${SCHEDULER}`);
    expect(await refusal(loadDiffusers(path))).toMatchObject({ _tag: 'FileError', where: `${path}/${SCHEDULER}` });
    rmSync(`${path}/${INDEX}`);
    expect(await refusal(loadDiffusers(path))).toMatchObject({ _tag: 'ConfigError', where: path });
  });

  test('that does not exist, or is a file, with the error of the file system', async () => {
    const file = `${folder}/a file`;
    writeFileSync(file, '{}');
    for (const [where, actual] of [
      [`${folder}/none`, 'ENOENT: no such file or directory'],
      [file, 'ENOTDIR: not a folder'],
    ] as const)
      expect(await refusal(loadDiffusers(where))).toMatchObject({ _tag: 'FileError', where, actual });
  });

  test.each<[string, DiffusersFolder]>([
    ['loadDiffusers.step', { step: 3 } as never],
    ['loadDiffusers.steps', { steps: 0 }],
    ['loadDiffusers.eta', { eta: 2 }],
    ['loadDiffusers: eta', { eta: 0.5 }],
    ['loadDiffusers: noising', { noising: thousand }],
    ['loadDiffusers: predicts', { predicts: 'v' }],
  ])('with an invalid option: %s', async (where, options) => {
    expect((await refusal(loadDiffusers(changed({}), options))).where).toBe(where);
  });

  test('with an η for a network alone, naming it', async () => {
    const network = loadDiffusers(`${changed({})}/unet`, { noising: thousand, eta: 0.5 });
    const expected = 'none for a folder that has only a network';
    expect(await refusal(network)).toMatchObject({ _tag: 'ConfigError', where: 'loadDiffusers: eta', expected });
  });
});

describe('saving', () => {
  const save = (path: string, trained: object, options: SaveDiffusersOptions = {}) =>
    using(reference())((backend) =>
      F.pipe(
        TE.fromTask(async () => ({ ...(await untrained()(backend)), ...trained })),
        TE.flatMap((all) => saveDiffusers(path, all, options)(backend)),
      ),
    )();

  test.each<[string, object, SaveDiffusersOptions, string]>([
    ['a model by hand', { model: { predicts: 'v', apply: () => 0, params: treeSpec({}) } }, {}, 'saveDiffusers: model'],
    ['a network of EDM', { model: right(unet({ ...small, rescale: Math.SQRT1_2 })) }, {}, 'diffusersConfigOf.rescale'],
    ['a score', { model: right(unet({ ...small, predicts: 'score' })) }, {}, 'saveDiffusers: model.predicts'],
    [
      'a network with a condition',
      { model: right(unet({ ...small, conditions: { lowRes: { image: 2 } } })) },
      {},
      'saveDiffusers: model.conditions.lowRes',
    ],
    [
      'a network of fewer timesteps than its process',
      { model: right(unet({ ...small, timesteps: 500 })) },
      {},
      'saveDiffusers: noising',
    ],
    ['a respaced process', { noising: right(respace(10)(thousand)) }, {}, 'saveDiffusers: noising.timesteps'],
    ['an invalid scheduler', {}, { scheduler: { _class_name: 'Mine' } }, 'saveDiffusers: scheduler: _class_name'],
    ['an invalid option', {}, { dtyp: 'float16' } as never, 'saveDiffusers.dtyp'],
  ])('%s is refused, and leaves nothing', async (_, trained, options, where) => {
    const path = newFolder();
    expect(await save(path, trained, options)).toMatchObject({ _tag: 'Left', left: { _tag: 'ConfigError', where } });
    expect(existsSync(path)).toBe(false);
  });

  test('into a folder that has files is refused, and keeps the files', async () => {
    const path = newFolder();
    mkdirSync(path);
    writeFileSync(`${path}/mine.txt`, 'mine');
    expect(await save(path, {})).toMatchObject({ _tag: 'Left', left: { _tag: 'FileError', where: path } });
    expect(readdirSync(path)).toEqual(['mine.txt']);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('parameters of another model is refused, and leaves nothing', async () => {
    const path = newFolder();
    const saved = await save(path, { model: right(unet({ ...small, base: 16 })) });
    expect(saved).toMatchObject({ _tag: 'Left', left: { _tag: 'CheckpointMismatch' } });
    expect(readdirSync(folder).filter((name) => name.includes('tmp') || name === path.split('/').at(-1))).toEqual([]);
  });
});
