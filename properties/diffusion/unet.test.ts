import { expect, it } from 'vitest';
import { cpu } from '../../src/backends/tfjs/cpu.js';
import { cfg, cosine, ddim, ddpm, sampler, simpleLoss } from '../../src/diffusion/index.js';
import { compile, key, program, read, valueAndGrad } from '../../src/dsl/index.js';
import { unet } from '../../src/nn/index.js';
import { right } from './run.js';

it('losses and samplers take the U-Net as it is', async () => {
  const process = right(ddpm(cosine(100)));
  const model = right(
    unet({ image: [8, 8, 1], base: 8, multipliers: [1, 2], attention: [4], classes: 3, predicts: 'v' }),
  );
  const backend = right(await cpu()());

  const loss = simpleLoss(process, model, { labelDropout: 0.1 });
  const learn = right(
    await compile(
      program({ params: model.params, x0: 'B 8 8 1', label: 'B:int32', key: 'key' }, (i) =>
        valueAndGrad(loss)(i.params, i.x0, i.key, i.label),
      ),
      { B: 4 },
    )(backend)(),
  );
  const begin = right(
    await compile(
      program({ key: 'key' }, (i) => model.init(i.key)),
      {},
    )(backend)(),
  );
  const params = right(await begin.run({ key: key(1) })());
  const label = Int32Array.of(0, 1, 2, 0);
  const x0 = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i));
  const { value } = right(await learn.run({ params, x0, label, key: key(2) })());
  const [measured] = Array.from(right(await read(value)(backend)()));
  // v has the variance of ε and of x₀, which are 1 and 1/2
  expect(measured).toBeGreaterThan(0.3);
  expect(measured).toBeLessThan(3);

  const { step, start, stochastic } = right(
    sampler({ process, denoiser: model, solver: ddim(5), guidance: cfg(2) }),
  );
  expect(stochastic).toBe(false);
  const advance = right(
    await compile(
      program({ params: model.params, x: 'B 8 8 1', label: 'B:int32', index: ':int32' }, (i) => ({
        x: step(i.params, start(i.x), i).x,
      })),
      { B: 4 },
      { donate: ['x'] },
    )(backend)(),
  );
  const { x } = right(await advance.run({ params, x: x0, label, index: 4 })());
  const sample = Array.from(right(await read(x)(backend)()));
  // the last step gives x̂₀, clipped
  expect(Math.max(...sample.map(Math.abs))).toBeLessThanOrEqual(1);
  right(await backend.close());
});
