/** The groups of group norms. */
import { hinted, positive } from '../../internal/decode.js';
import type { Dim } from '../../dsl/index.js';
import type { Checked, NotMultiple } from '../../dsl/types/checked.js';
import { t } from '../../internal/fp.js';
import { type Broken, record } from '../../internal/schema.js';
import { divides } from './fields.js';

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

/** The groups of a norm. */
export const groups: t.Type<Groups> = hinted(
  t.union([positive, record({ channels: positive, most: positive })], 'a number of groups ≥ 1, or { channels, most }'),
  '8 or 32 is usual; { channels: 4, most: 32 } gives small layers fewer groups',
);

/** The number of groups of C channels. */
export const groupsOver = (groups: Groups, channels: number): number =>
  typeof groups === 'number' ? groups : Math.min(groups.most, Math.floor(channels / groups.channels));

/** The rule that the groups divide each of some numbers of channels. */
export const groupsDivide = (groups: Groups, ...channels: readonly number[]): Broken<'groups'> | null =>
  channels.map((C) => divides('groups', 'groups', groupsOver(groups, C), C)).find((broken) => broken !== null) ?? null;
