/** Noise, losses and denoisers. */
import { group, right, wrong } from './program.js';

export const diffusion = group(
  'diffusion',
  {
    // wrong
    'images of another shape than the noise': wrong`
      qSample(noising)(iota(2), zeros(2, 28, 28, 1))(«zeros(2, 28, 28, 3)»)
    `,
    'noise of another batch than the times': wrong`
      qSample(noising)(iota(2), «zeros(3, 28, 28, 1)»)
    `,
    'times that are numbers': wrong`
      qSample(noising)(«zeros(2)», zeros(2, 28, 28, 1))
    `,
    'noise and times swapped': wrong`
      qSample(noising)(«zeros(2, 28, 28, 1)», iota(2))
    `,
    'a process of the images, not of the schedule': wrong`
      qSample(«cosine(1000)»)
    `,
    'images in place of the key of a loss': wrong`
      program({ params: model.params, x: 'B 28 28 1' }, ({ params, x }) =>
        simpleLoss(noising, model)(params, { x0: x, «key»: x }))
    `,
    'images of a loss without a name': wrong`
      program({ params: model.params, x: 'B 28 28 1' }, ({ params, x }) => simpleLoss(noising, model)(params, «x»))
    `,
    'a misspelled input of a loss': wrong`
      program({ params: model.params, x: 'B 28 28 1', k: 'key' }, ({ params, x, k }) =>
        simpleLoss(noising, model)(params, { x0: x, key: k, «labels»: iota(4) }))
    `,
    'transposed noise for a loss': wrong`
      program({ params: model.params, k: 'key' }, ({ params, k }) =>
        simpleLoss(noising, model)(params, { x0: zeros(4, 28, 28, 1), key: k, «noise»: zeros(4, 28, 1, 28) }))
    `,
    'noise without the axis of channels for a loss': wrong`
      program({ params: model.params, k: 'key' }, ({ params, k }) =>
        simpleLoss(noising, model)(params, { x0: zeros(4, 28, 28, 1), key: k, «noise»: zeros(4, 28, 28) }))
    `,
    'transposed images for the noise': wrong`
      qSample(noising)(iota(2), zeros(2, 28, 28, 1))(«zeros(2, 28, 1, 28)»)
    `,
    'transposed images in an interpolation': wrong`
      slerp(zeros(4, 2, 3, 1), «zeros(4, 3, 2, 1)»)(0.5)
    `,
    'noise of another batch for a loss': wrong`
      program({ params: model.params, k: 'key' }, ({ params, k }) =>
        simpleLoss(noising, model)(params, { x0: zeros(4, 28, 28, 1), key: k, «noise»: zeros(5, 28, 28, 1) }))
    `,
    'images of another size for a loss': wrong`
      program({ params: model.params, x: 'B 32 32 1', k: 'key' }, ({ params, x, k }) =>
        simpleLoss(noising, model)(params, { «x0»: x, key: k }))
    `,
    'labels of another batch for a loss': wrong`
      program({ params: model.params, k: 'key' }, ({ params, k }) =>
        simpleLoss(noising, model)(params, { x0: zeros(4, 28, 28, 1), key: k, «label»: iota(5) }))
    `,
    'a denoiser that returns other channels': wrong`
      const network = layer({ last: convLayer({ inputs: 1, outputs: 2 }) }, ({ last }) =>
        <B extends Dim>(x: Tensor<[B, 28, 28, 1]>) => last(x));
      const denoiser: Denoiser<ParamsOf<typeof network>, [28, 28, 1]> = {
        predicts: 'v',
        «apply: (params, x) => network.apply(params)(x)»,
      };
    `,
    'a denoiser of an unknown prediction': wrong`
      const denoiser: Denoiser<object, [2]> = { «predicts»: 'noise', apply: (_, x) => x };
    `,
    'a denoiser without a prediction': wrong`
      const «denoiser»: Denoiser<object, [2]> = { apply: (_, x) => x };
    `,
    'a denoiser that takes the times as its second argument': wrong`
      const denoiser: Denoiser<object, [2]> = {
        predicts: 'epsilon',
        apply: (_, x, t) => scaleBy(x, cast(«t», 'float32')),
      };
    `,
    'a loss that is no vector of the samples': wrong`
      const perPixel: Objective = (diffusion, denoiser, options) => «(_, inputs) => {
        const { noise, at } = noisedBatch(diffusion, denoiser, options)(inputs);
        return { losses: noise, t: at.t };
      }»;
    `,
    'a correction of another shape': wrong`
      const halved: Correction = «(x0) => sum(x0, 1)»;
    `,
    'a mean where a loss of each sample belongs': wrong`
      weightedBy(minSnrWeight(5))(«simpleLoss»)
    `,
    'a weighting that is not called': wrong`
      weightedBy(«minSnrWeight»)(simpleLosses)
    `,
    'interpolated images of two sizes': wrong`
      slerp(zeros(1, 2, 2, 1), «zeros(1, 2, 3, 1)»)(0.5)
    `,
    'weights of an interpolation of another batch': wrong`
      slerp(zeros(4, 2, 2, 1), zeros(4, 2, 2, 1))(«zeros(3)»)
    `,
    'a grid in words': wrong`
      sampler({ noising, denoiser: model, solver: ddim(), «grid: 'karras'» })
    `,

    // right
    'noisy images in a generic function': right`
      const noisy = <B extends Dim, I extends Shape>(
        x0: Tensor<[B, ...I]>,
        t: Tensor<[B], 'int32'>,
        noise: Tensor<[B, ...I]>,
      ): Tensor<[B, ...I]> => qSample(noising)(t, noise)(x0);
      const y: Tensor<[2, 8, 8, 1]> = noisy(zeros(2, 8, 8, 1), iota(2), ones(2, 8, 8, 1));
    `,
    'a step of training by hand': right`
      program({ params: model.params, x: 'B 28 28 1', k: 'key' }, ({ params, x, k }) => {
        const { value, grad: g } = valueAndGrad(simpleLoss(noising, model))(params, { x0: x, key: k });
        return { params: zipTensors([params, g], (w, d) => sub(w, mul(1e-3, d))), loss: value };
      })
    `,
    'an exact denoiser of points': right`
      const denoiser: Denoiser<object, [2]> = {
        predicts: 'epsilon',
        apply: (_, x, { t }) => scaleBy(x, div(cast(t, 'float32'), 1000)),
      };
    `,
    'the loss of each sample, in another form': right`
      const absolute: Objective = (diffusion, denoiser, options) => {
        const errors = predictionErrors(diffusion, denoiser, options);
        return (params, inputs) => {
          const { error, t } = errors(params, inputs);
          return { losses: meanPerSample(abs(error)), t };
        };
      };
    `,
    'a network of any images': right`
      const wide = (denoiser: Denoiser<unknown, [Dim, Dim, Dim]>, x: Tensor<['B', 8, 8, 1]>, t: Times<'B'>) =>
        denoiser.apply(null, x, { t });
    `,
    'an interpolation by numbers and by tensors': right`
      const a: Tensor<[4, 2, 2, 1]> = slerp(zeros(4, 2, 2, 1), ones(4, 2, 2, 1))(0.5);
      const b: Tensor<[4, 2, 2, 1]> = slerp(zeros(4, 2, 2, 1), ones(4, 2, 2, 1))(zeros(4));
    `,
  },
  right`
    const noising = unwrap(ddpm(cosine(1000)));
    const model = unwrap(unet({ image: [28, 28, 1], base: 8, multipliers: [1, 2], groups: 4 }));
  `,
);
