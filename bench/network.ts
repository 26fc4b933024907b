/** The networks of the benchmarks in noisefold, and their programs. The peers in bench/peers build the same ones. */
import { cosine, ddpm } from 'noisefold/diffusion';
import { type Dim, leafSpec, type NoisefoldError, program, treeSpec } from 'noisefold/dsl';
import { adam, unet, type UNetParams } from 'noisefold/nn';
import { type Recipe, trainStep } from 'noisefold/training';
import { either as E, function as F } from 'fp-ts';

export const BATCH = 8;

/** A U-Net, with every option that affects its arithmetic. */
export interface NetworkConfig {
  /** Height, width and channels. */
  readonly image: readonly [number, number, number];
  readonly base: number;
  readonly multipliers: readonly number[];
  readonly blocks: number;
  /** The heights with attention, besides the lowest. */
  readonly attention: readonly number[];
  readonly heads: number;
  readonly groups: number;
}

/**
 * R has 6.47 M parameters (see peers/tfjsUnet.ts); `odd` has sizes that are not multiples of tiles; `attention` spends
 * most of its time in attention; `ddpm` is the network of DDPM for CIFAR-10; `large` takes images of 64×64.
 */
export const NETWORKS = {
  R: { image: [32, 32, 3], base: 64, multipliers: [1, 2, 2], blocks: 2, attention: [16], heads: 4, groups: 8 },
  odd: { image: [40, 24, 3], base: 48, multipliers: [1, 2, 2], blocks: 2, attention: [20], heads: 4, groups: 8 },
  attention: { image: [32, 32, 3], base: 64, multipliers: [1, 2], blocks: 1, attention: [32, 16], heads: 4, groups: 8 },
  ddpm: { image: [32, 32, 3], base: 128, multipliers: [1, 2, 2, 2], blocks: 2, attention: [16], heads: 1, groups: 32 },
  large: {
    image: [64, 64, 3],
    base: 64,
    multipliers: [1, 2, 3, 4],
    blocks: 2,
    attention: [16, 8],
    heads: 4,
    groups: 8,
  },
} as const satisfies Readonly<Record<string, NetworkConfig>>;

export type NetworkName = keyof typeof NETWORKS;

export const IMAGE = NETWORKS.R.image;

/** The compiler is not told the size: one type for all networks. */
type Size = [Dim, Dim, Dim];

export interface NetworkRecipe extends Recipe<UNetParams, Size> {
  readonly image: NetworkConfig['image'];
}

export const recipeOf = ({ image, ...config }: NetworkConfig): E.Either<NoisefoldError, NetworkRecipe> =>
  F.pipe(
    E.Do,
    E.bind('model', () => unet({ image, ...config })),
    E.bind('noising', () => ddpm(cosine(1000))),
    E.map(({ model, noising }) => ({
      image,
      model,
      noising,
      optimizer: adam({ learningRate: 1e-4 }),
      averageDecay: 0.999,
    })),
  );

export const networkR = recipeOf(NETWORKS.R);

export const forwardProgram = ({ model, image }: NetworkRecipe) =>
  program(
    treeSpec<{
      readonly params: UNetParams;
      readonly x: Parameters<typeof model.apply<'B'>>[1];
      readonly t: Parameters<typeof model.apply<'B'>>[2]['t'];
    }>({ params: model.params, x: leafSpec(['B', ...image]), t: leafSpec(['B'], 'int32') }),
    ({ params, x, t }) => ({ prediction: model.apply(params, x, { t }) }),
  );

/** Forward, backward, Adam and the moving average. */
export const stepProgram = (recipe: NetworkRecipe) => trainStep(recipe, recipe.image);
