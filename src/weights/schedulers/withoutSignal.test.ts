/** Schedulers of schedules without signal at the last timestep. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { onWasm } from '../../../properties/training/onWasm.js';
import { atTimes, ddpm, levelsOf, linear, zeroTerminalSNR } from '../../diffusion/index.js';
import { requireDiscrete } from '../../diffusion/paths/noising.js';
import { compile, key, program } from '../../dsl/index.js';
import { E, F } from '../../internal/fp.js';
import { unet, type UNetArchitecture } from '../../nn/index.js';
import { sample } from '../../training/sample/sample.js';
import { right } from '../../training/testing.js';
import { loadDiffusers } from '../diffusers/loadDiffusers.js';
import { read, scheduleOf, timesteps } from './schedulersTesting.js';
import { saveDiffusers } from '../diffusers/saveDiffusers.js';
import { schedulerConfig } from './writeScheduler.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-signal-`);
afterAll(() => rmSync(folder, { recursive: true }));

const withoutSignal = right(ddpm(F.pipe(linear(1000), E.flatMap(zeroTerminalSNR))));

describe('schedulers', () => {
  test('with a rescaled schedule have finite numbers and betas, and can be written', () => {
    const config = { _class_name: 'UniPCMultistepScheduler', rescale_betas_zero_snr: true, prediction_type: 'v_prediction' }; // oxfmt-ignore
    const noising = requireDiscrete('test', read(config).noising);
    expect(noising.schedule.betas[999]).toBe(1);
    expect(Object.values(noising.posteriors[999]!).every(Number.isFinite)).toBe(true);
    const architecture = { predicts: 'v', timesteps: 1000 } as UNetArchitecture;
    expect(schedulerConfig(noising, { architecture }, config)).toEqual(E.right(config));
  });

  test('with a rescaled schedule sample by a network of ε from a timestep with signal', () => {
    const rescaled = { rescale_betas_zero_snr: true };
    expect(timesteps({ _class_name: 'DDIMScheduler', ...rescaled }, 4)).toEqual([750, 500, 250, 0]);
    expect(timesteps({ _class_name: 'EulerDiscreteScheduler', ...rescaled }, 2)).toEqual([999, 0]);
  });

  test('whose grid begins without signal have a note for a network of ε, which names the field', () => {
    const betas = { trained_betas: [...withoutSignal.schedule.betas] };
    const rescaled = { rescale_betas_zero_snr: true };
    const noteOf = (field: string, others: string) =>
      `s: ${field}: timestep 999 has no signal, where no x̂₀ follows from a network of ε: diffusers divides by 0, and sample refuses the grid of these steps; ${others} without that timestep`;
    const trailing = { timestep_spacing: 'trailing' };
    const leading = { timestep_spacing: 'leading' };
    const ofGrid = 'give sample a grid';
    const ofSteps = 'load it with fewer steps, or give sample a grid';
    for (const [_class_name, fields, steps, notes] of [
      ['DDIMScheduler', { ...rescaled, ...trailing }, 5, [noteOf('rescale_betas_zero_snr', ofGrid)]],
      ['DDIMScheduler', { ...betas, ...trailing }, 5, [noteOf('trained_betas', ofGrid)]],
      ['DDIMScheduler', betas, 5, []],
      ['DDPMScheduler', betas, undefined, [noteOf('trained_betas', ofSteps)]],
      ['LCMScheduler', { ...rescaled, ...leading }, undefined, [noteOf('rescale_betas_zero_snr', ofGrid)]],
      ['EulerDiscreteScheduler', betas, 7, [noteOf('trained_betas', ofGrid)]],
      ['DDIMScheduler', { ...betas, ...trailing, prediction_type: 'v_prediction' }, 5, []],
    ] as const)
      expect([_class_name, fields, read({ _class_name, ...fields }, steps).notes]).toEqual([
        _class_name,
        fields,
        notes,
      ]);
  });

  test('over σ have finite levels where σ of the last timestep is infinite', () => {
    const config = { _class_name: 'EulerDiscreteScheduler', trained_betas: [...withoutSignal.schedule.betas], prediction_type: 'v_prediction' }; // oxfmt-ignore
    const { noising, sampling } = read(config, 7); // fractional timesteps
    const plan = right(sampling.solver.plan(levelsOf(noising, right(sampling.grid(noising))), noising));
    expect(plan[0]!.from).toEqual({ alpha: 0, sigma: 1, t: 999, networkTime: 999 });
  });

  test('with replaced noise levels are refused when they are written, as when they are read', () => {
    const architecture = { timesteps: 1000 } as UNetArchitecture;
    const config = { _class_name: 'LMSDiscreteScheduler', use_karras_sigmas: true };
    expect(schedulerConfig(withoutSignal, { architecture }, config)).toMatchObject({
      left: { _tag: 'ConfigError', where: 'saveDiffusers: scheduler: trained_betas' },
    });
  });

  test('with a rescaled schedule end without signal, or with that of diffusers, if they have the field', () => {
    const lastOf = (_class_name: string) => scheduleOf({ _class_name, rescale_betas_zero_snr: true, prediction_type: 'v_prediction' }).alphaBars[999]; // oxfmt-ignore
    expect(lastOf('DDIMScheduler')).toBe(0);
    expect(lastOf('UniPCMultistepScheduler')).toBe(2 ** -24);
    expect(lastOf('LMSDiscreteScheduler')).toBeCloseTo(4e-5, 6);
  });

  test.each(['DDPMScheduler', 'LCMScheduler', 'EulerDiscreteScheduler'])(
    '%s, saved and loaded, sample by a network of ε from a timestep with signal',
    (_class_name) =>
      onWasm(async (backend) => {
        const path = `${folder}/${_class_name}`;
        const model = right(unet({ image: [8, 8, 1], base: 8, multipliers: [1], blocks: 1, groups: 4, heads: 1 }));
        const params = right(await right(await compile(program('key', model.init), {})(backend)()).run(key(1))());
        const trained = { model, params, noising: withoutSignal, image: [8, 8, 1] } as const;
        right(await saveDiffusers(path, trained, { scheduler: { _class_name } })(backend)());
        const loaded = right(await loadDiffusers(path)(backend)());
        expect(loaded.notes).toEqual([
          expect.stringContaining(`${path}/scheduler/scheduler_config.json: trained_betas: timestep 999 has no signal`),
        ]);
        const drawing = { ...loaded.sampling, count: 1, key: key(8) };
        expect(await sample(loaded, drawing)(backend)()).toMatchObject({
          left: { _tag: 'ConfigError', actual: 'none at t = 999' },
        });
        const { data } = right(await sample(loaded, { ...drawing, grid: atTimes([900, 500, 100]) })(backend)());
        expect(data.every(Number.isFinite)).toBe(true);
      }),
  );
});
