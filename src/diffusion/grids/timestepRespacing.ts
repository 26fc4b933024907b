/** The timestep grids of guided-diffusion: evenly spaced sections, and the stride of DDIM. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import { type Grid, gridOfNumbers, overTimesteps, spread } from './grid.js';

/** A section of the timesteps, and the number of steps in it. */
interface Section {
  readonly from: number;
  readonly size: number;
  readonly count: number;
}

/** Cuts T timesteps into sections of equal size; if T is not divisible, the first sections have one timestep more. */
const cut = (T: number, counts: readonly number[]): readonly Section[] => {
  const size = Math.floor(T / counts.length);
  const longer = T % counts.length;
  return counts.map((count, i) => ({
    from: i * size + Math.min(i, longer),
    size: i < longer ? size + 1 : size,
    count,
  }));
};

/**
 * Divides the timesteps into equal sections, the least noisy first, and takes `counts[i]` of section i, evenly spaced with
 * both ends included; a count of 1 takes the first (`space_timesteps` of guided-diffusion; Improved DDPM, Nichol &
 * Dhariwal 2021, section 4). A count of 0 skips a section. Returns a `ConfigError` for no counts, counts that are not whole
 * or all 0, and a count larger than its section.
 * @example
 * const noising = unwrap(ddpm(cosine(300)))
 * unwrap(sections([2, 1, 3])(noising)) // → [299, 250, 200, 100, 99, 0]
 * const wrong = sections([6, 1])(unwrap(ddpm(cosine(10))))
 * isLeft(wrong) && wrong.left.actual // → '6 of a section of 5'
 */
export const sections: (counts: readonly number[]) => Grid = gridOfNumbers('sections', (counts) =>
  overTimesteps('sections', ({ schedule: { T } }) => {
    const some = counts.some((count) => count > 0);
    if (!some || !counts.every((count) => Number.isInteger(count) && count >= 0))
      return fail('ConfigError', {
        where: 'sections',
        expected: 'whole numbers of timesteps, at least one of them above 0',
        actual: `[${counts.join(', ')}]`,
        hint: 'give one count for each section, such as [10, 10, 5]',
      });
    const cuts = cut(T, counts);
    const full = cuts.find(({ size, count }) => count > size);
    return full === undefined
      ? E.right(cuts.flatMap(({ from, size, count }) => spread(size, count).map((t) => from + t)).reverse())
      : fail('ConfigError', {
          where: 'sections',
          expected: 'at most as many steps in a section as it has timesteps',
          actual: `${full.count} of a section of ${full.size}`,
          hint: `${T} timesteps in ${counts.length} sections: ask for fewer there`,
        });
  }),
);

/**
 * The multiples from 0 on of the smallest whole stride that has exactly `steps` of them below T: 'ddimN' of
 * guided-diffusion, the striding of DDIM (Song et al. 2021). Returns a `ConfigError` for the many counts without such a
 * stride.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(ddimStride(4)(noising)) // → [750, 500, 250, 0]
 * const none = ddimStride(300)(noising)
 * isLeft(none) && none.left.hint // → 'take 334 or 250 steps, or spaced'
 */
export const ddimStride = (steps: number): Grid =>
  overTimesteps('ddimStride', ({ schedule: { T } }) => {
    // for strides 1…T-1; guided-diffusion does not allow the stride T, of one step
    const counts = Array.from({ length: T - 1 }, (_, i) => Math.ceil(T / (i + 1)));
    const stride = 1 + counts.indexOf(steps);
    if (stride > 0) return E.right(Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride));
    const near = [counts.findLast((n) => n > steps), counts.find((n) => n < steps)].filter((n) => n !== undefined);
    return fail('ConfigError', {
      where: 'ddimStride',
      expected: `a number of steps that a whole stride over ${T} timesteps gives`,
      actual: `${steps}`,
      hint: near.length === 0 ? 'take everyStep' : `take ${near.join(' or ')} steps, or spaced`,
    });
  });

const decoded = (text: string): either.Either<NoisefoldError, Grid> => {
  const strided = /^ddim(\d+)$/.exec(text);
  if (strided !== null) return E.right(ddimStride(Number(strided[1])));
  return /^\d+( *, *\d+)*$/.test(text)
    ? E.right(sections(text.split(',').map(Number)))
    : fail('ConfigError', {
        where: 'timestepRespacing',
        expected: "counts of sections such as '10,10,5', or 'ddim' and a count",
        actual: `'${text}'`,
        hint: 'for every timestep take everyStep',
      });
};

/**
 * The grid of a `timestep_respacing` in the notation of guided-diffusion: {@link sections} for '250' or '10,10,5',
 * {@link ddimStride} for 'ddim25'. Returns a `ConfigError` for any other text.
 * @example
 * const noising = unwrap(ddpm(cosine(300)))
 * unwrap(timestepRespacing('2,1,3')(noising)) // → [299, 250, 200, 100, 99, 0]
 * unwrap(timestepRespacing('ddim4')(unwrap(ddpm(cosine(1000))))) // → [750, 500, 250, 0]
 */
export const timestepRespacing =
  (text: string): Grid =>
  (noising) =>
    F.pipe(
      argument('timestepRespacing', t.string).decode(text),
      E.flatMap(decoded),
      E.flatMap((grid) => grid(noising)),
    );
