/** EDM's preconditioned networks compute the same D(x; σ) as PyTorch. */
import { open, unwrap } from 'noisefold';
import { reference } from 'noisefold/backends/reference';
import { preconditioned, noisingOfSigmas, overNoising } from 'noisefold/diffusion';
import { compile, constantOf, type Dim, program, read, type Tensor } from 'noisefold/dsl';
import { unet } from 'noisefold/nn';
import { edmConfig } from 'noisefold/weights';
import { loadWeights } from 'noisefold/weights';
import { expect, test } from 'vitest';
import { publishedNamed } from '../golden/published.js';

/** A tensor of a fixture as a constant. */
const constant = (name: string, of: string): Tensor<[2, Dim]> | undefined => {
  const { shape, data } = publishedNamed(name).tensors.get(of) ?? {};
  return shape && (constantOf(data as Float32Array, ...shape) as Tensor<[2, Dim]>); // labels of two samples
};

test.each(['edm_ddpmpp', 'edm_ncsnpp', 'edm_adm'])('%s', async (name) => {
  const fixture = publishedNamed(name);
  const [x, expected, sigmas] = ['input.x', 'preconditioned', 'input.sigma'].map(
    (of) => fixture.tensors.get(of)!.data as Float32Array,
  );
  const { config, names } = unwrap(edmConfig(fixture.config));
  const network = unwrap(unet({ ...config, image: [8, 8, 3] }));
  const noising = unwrap(noisingOfSigmas([...sigmas!]));
  const model = unwrap(preconditioned(network, { as: 'edm', sigmaData: 0.5 }));
  const [label, augment] = [constant(name, 'input.class_labels'), constant(name, 'input.augment_labels')];

  await using nf = await open(reference());
  const { params } = await nf.run(loadWeights(fixture.weights, model, { names, prefix: fixture.prefix }));
  const denoise = program({ params: model.params, x: '2 8 8 3' }, ({ params, x }) => {
    const conditions = { ...(label && { label }), ...(augment && { augment }) };
    return overNoising(noising)(model).apply(params, x, { t: constantOf(Int32Array.of(0, 1), 2), conditions });
  });
  const executable = await nf.run(compile(denoise, {}));
  // x_t = √ᾱ·x, with √ᾱ = 1/√(1 + σ²)
  const xt = x!.map((value, i) => value / Math.hypot(1, sigmas![Math.floor(i / 192)]!));
  const actual = await nf.run(read(await nf.run(executable.run({ params, x: xt }))));
  const error = Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected![i]!)));
  expect(error).toBeLessThan(2e-6 * Math.max(...expected!.map(Math.abs)));
});
