/** Programs of the presets of U-Nets. */
import type { ConditionValues } from 'noisefold/diffusion';
import { add, type Dim, grad, leafSpec, program, sum, type Tensor, treeSpec } from 'noisefold/dsl';
import { unet, type UNetConfig, type UNetParams } from 'noisefold/nn';
import { conditionsSpec } from '../src/data/columnSpecs.js';
import { orThrow } from './table.js';

type Images = Tensor<['B', Dim, Dim, Dim]>;

/** The forward pass of one image, or the gradients of all parameters of the sum of its output. */
export const programOf = (config: UNetConfig, what: 'forward' | 'gradient') => {
  const model = orThrow(unet<[Dim & number, Dim & number, Dim & number]>(config as never)); // for an image whose size is known only at run time
  const spec = treeSpec<{
    readonly params: UNetParams;
    readonly x: Images;
    readonly t: Tensor<['B'], 'int32'>;
    readonly conditions: ConditionValues<'B'>;
  }>({
    params: model.params,
    x: leafSpec(['B', ...config.image]),
    t: leafSpec(['B'], 'int32'),
    conditions: conditionsSpec(model.conditions ?? {}, config.image),
  });
  return program(spec, ({ params, x, t, conditions }) => {
    const at = { t, conditions };
    const apply =
      model.learned?.apply ?? ((...args: Parameters<typeof model.apply>) => ({ prediction: model.apply(...args) }));
    const loss = (p: UNetParams) => Object.values(apply(p, x as never, at as never)).map((y) => sum(y as Images)); // of the extents of the model
    return what === 'forward' ? loss(params) : grad((p: UNetParams) => loss(p).reduce((a, b) => add(a, b)))(params);
  });
};
