/** Network R of the benchmarks (see peers/tfjsUnet.ts) in noisefold. */
import { cosine, ddpm } from 'noisefold/diffusion';
import { leafSpec, type NoisefoldError, program, treeSpec } from 'noisefold/dsl';
import { adam, unet, type UNetParams } from 'noisefold/nn';
import { type Recipe, trainStep } from 'noisefold/training';
import { either as E, function as F } from 'fp-ts';

export const IMAGE = [32, 32, 3] as const;
export const BATCH = 8;

type Image = typeof IMAGE;

export type NetworkRecipe = Recipe<UNetParams, Image>;

export const networkR: E.Either<NoisefoldError, NetworkRecipe> = F.pipe(
  E.Do,
  E.bind('model', () =>
    unet({ image: IMAGE, base: 64, multipliers: [1, 2, 2], blocks: 2, attention: [16], heads: 4, groups: 8 }),
  ),
  E.bind('process', () => ddpm(cosine(1000))),
  E.map(({ model, process }) => ({
    model,
    process,
    optimizer: adam({ learningRate: 1e-4 }),
    averageDecay: 0.999,
  })),
);

export const forwardProgram = ({ model }: NetworkRecipe) =>
  program(
    treeSpec<{
      readonly params: UNetParams;
      readonly x: Parameters<typeof model.apply<'B'>>[1];
      readonly t: Parameters<typeof model.apply<'B'>>[2]['t'];
    }>({ params: model.params, x: leafSpec(['B', ...IMAGE]), t: leafSpec(['B'], 'int32') }),
    ({ params, x, t }) => ({ prediction: model.apply(params, x, { t }) }),
  );

/** Forward, backward, Adam and the moving average. */
export const stepProgram = (recipe: NetworkRecipe) => trainStep(recipe, IMAGE);
