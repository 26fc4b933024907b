/** A digit at increasing noise levels of the forward process. */
import { broadcastTo, evaluate, iota, key, normal, program } from 'noisefold/dsl';
import { cosine, ddpm, identity, linear, type DiscreteNoising, through } from 'noisefold/diffusion';
import { either as E, function as F, readerTaskEither as RTE } from 'fp-ts';
import { firstDigits } from './digits.js';
import type { Sheet } from './sheet.js';

const TIMESTEPS = [50, 150, 250, 350, 450, 550, 650, 750, 850, 999];

/** The channels of a row, starting with the data. */
const row = ({ marginals }: DiscreteNoising) => [identity, ...TIMESTEPS.map((t) => marginals[t]!)];

/** The first row has the linear schedule, the second the cosine schedule; the noise is the same everywhere. */
const picture = (linearly: DiscreteNoising, cosinely: DiscreteNoising) => {
  const channels = [...row(linearly), ...row(cosinely)];
  const n = channels.length;
  return program({ digit: '1 28 28 1', k: 'key' }, ({ digit, k }) => ({
    images: F.pipe(
      broadcastTo(digit, n, 28, 28, 1),
      through(channels)(iota(n), broadcastTo(normal(k, 1, 28, 28, 1), n, 28, 28, 1)),
    ),
  }));
};

export const forward = F.pipe(
  RTE.fromEither(
    F.pipe(
      E.Do,
      E.bind('linearly', () => ddpm(linear(1000))),
      E.bind('cosinely', () => ddpm(cosine(1000))),
    ),
  ),
  RTE.bind('digit', () => RTE.fromTaskEither(firstDigits(1))),
  RTE.flatMap(({ linearly, cosinely, digit }) => evaluate(picture(linearly, cosinely), {})({ digit, k: key(7) })),
  RTE.map(({ images }): Sheet => ({
    images: { shape: [2 * (TIMESTEPS.length + 1), 28, 28, 1], data: images },
    rows: ['xₜ, linear', 'xₜ, cosine'],
    columns: ['x₀', ...TIMESTEPS.map(String)],
    corner: 't',
    scale: 3,
  })),
);
