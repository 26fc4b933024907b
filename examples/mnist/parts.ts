/** The parts of a recipe. */
import { cfg, gridOf, type Guidance, stratifiedTimes, type TimeDraw } from 'noisefold/diffusion';
import { attempt, failure, type NoisefoldError } from 'noisefold/dsl';
import type { Optimizer } from 'noisefold/nn';
import { either as E, function as F } from 'fp-ts';
import { optimizerOf } from './optimizer.js';
import {
  type Architecture,
  architectureOf,
  drawnBy,
  type Recipe,
  type Settings,
  type SolverAndGrid,
} from './recipe.js';

/** The parts of a recipe, for training and sampling. */
export interface Parts extends Architecture, SolverAndGrid {
  /** The recipe with the network of the process, which checkpoints contain. */
  readonly recipe: Recipe;
  readonly optimizer: Optimizer;
  readonly times: TimeDraw;
  readonly guidance: Guidance;
}

/** Makes the parts. Returns a `ConfigError` if they are incompatible. */
export const partsOf = (
  recipe: Recipe,
  { sampler, guidance }: Pick<Settings, 'sampler' | 'guidance'>,
): E.Either<NoisefoldError, Parts> =>
  F.pipe(
    E.Do,
    E.bind('architecture', () => architectureOf(recipe)),
    E.bind('drawn', () => drawnBy(sampler)),
    E.tap(({ drawn, architecture: { noising } }) =>
      E.mapLeft((error: NoisefoldError) => failure('ConfigError', { ...error, where: `sampler ${sampler}` }))(
        gridOf(drawn.grid)(noising),
      ),
    ),
    E.flatMap(({ architecture, drawn }) =>
      attempt((): Parts => ({
        ...architecture,
        ...drawn,
        recipe,
        optimizer: optimizerOf(recipe),
        times: stratifiedTimes,
        guidance: cfg(guidance),
      })),
    ),
  );
