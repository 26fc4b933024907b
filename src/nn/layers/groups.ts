/** The groups of group norms. */
import { natural, positive, show } from '../../internal/decode.js';
import type { Dim } from '../../dsl/index.js';
import type { Checked, NotMultiple } from '../../dsl/types/checked.js';
import { raise } from '../../internal/errors.js';
import { requireDivisor } from '../../internal/requirement.js';

/**
 * The number of groups; or the number of channels in each group and the maximum number of groups: min(most, ⌊C /
 * channels⌋) groups.
 */
export type Groups = number | { readonly channels: number; readonly most: number };

/** Groups of `C` channels, and of `D` channels; or an error message for a number that does not divide them. */
export type GroupsFor<G extends Groups | null, C, D = C> = Checked<
  unknown extends G ? G : Groups | null, // the first branch is never taken: it makes `G` an inference site
  C & Dim,
  NotMultiple<C, G, 'channels', ' groups'> | NotMultiple<D, G, 'channels', ' groups'>,
  D & Dim
>;

/** The default of the number that group norms add to the variance. */
export const EPSILON = 1e-5;

/** The number of groups of C channels. */
export const groupsOver = (groups: Groups, channels: number): number =>
  typeof groups === 'number' ? groups : Math.min(groups.most, Math.floor(channels / groups.channels));

/** Raises `ConfigError` for values that are not {@link Groups}; `where` names the option. */
export const requireGroups = (where: string, groups: unknown): void => {
  const { channels, most } = (Object(groups) ?? {}) as { readonly channels?: unknown; readonly most?: unknown };
  if (natural.is(groups) || (positive.is(channels) && positive.is(most))) return;
  raise('ConfigError', {
    where,
    expected: 'a number of groups, or { channels, most }',
    actual: show(groups),
    hint: '32 is usual; { channels: 4, most: 32 } gives small layers fewer groups',
  });
};

/** The number of groups of C channels. Raises `ConfigError` unless it divides C. */
export const groupsDividing = (where: string, groups: Groups, channels: number): number => {
  const count = groupsOver(groups, channels);
  requireDivisor(where, 'groups', count, channels);
  return count;
};
