/** Post-hoc EMA: averages of any width from stored averages. EDM2 (Karras et al. 2024), section 3.2 and appendix C. */
import type { NoisefoldError } from '../dsl/index.js';
import type { Exact } from '../internal/exact.js';
import { decode, hinted, positive } from '../internal/decode.js';
import { argument, optional, type OptionsOf, record, schema } from '../internal/schema.js';
import { attempt, raise } from '../internal/errors.js';
import { E, type either, t } from '../internal/fp.js';
import { listed } from '../internal/listed.js';
import { gammaOf } from '../nn/index.js';
import { type PowerProfile, profileWeights } from '../nn/optimizers/powerProfile.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import type { Snapshot } from './snapshot.js';
import { list, partLike } from '../internal/parts.js';

/** The parts of a snapshot that a reconstruction needs. */
type Averages = Pick<Snapshot, 'step' | 'settings' | 'tensors'>;

const Settings = t.type({ averages: t.array(t.unknown) });
const Power = record({ emaPower: t.number });

/** A stored average: its profile, and the location of its tensors. */
interface SavedAverage extends PowerProfile {
  readonly prefix: string;
  readonly tensors: Snapshot['tensors'];
}

/** The averages of a snapshot by `emaPower`. */
const powersOf = ({ step, settings, tensors }: Averages): readonly SavedAverage[] => {
  const result = decode(Settings)(settings);
  if (E.isLeft(result) || step === 0) return [];
  return result.right.averages.flatMap((average, i) => {
    const power = decode(Power)(average);
    const prefix = i === 0 ? 'average' : `averages.${i}`;
    return E.isRight(power) ? [{ gamma: gammaOf(power.right.emaPower), t: step, prefix, tensors }] : [];
  });
};

const postHoc = schema('postHocAverage', {
  /** Its relative width, in (0, 0.28). */
  sigmaRel: hinted(t.number, 'give the width of the average, such as { sigmaRel: 0.08 }'),
  /** The number of updates to average over; by default the step of the last snapshot. */
  step: optional(positive),
});

/** The average to reconstruct. */
export interface PostHoc extends OptionsOf<typeof postHoc> {}

const snapshotsOf = argument(
  'postHocAverage: snapshots',
  list('snapshots', partLike('a snapshot', 'that of a checkpoint', 'tensors')),
);

/**
 * Reconstructs the average of any width from the `emaPower` averages in snapshots: EDM2 (Karras et al. 2024), algorithm 3.
 * The result is the weighted sum of these averages whose profile over the updates is nearest to the wanted profile, by
 * least squares in float64. The weights are normalized to sum 1, as in EDM2's code. Before normalization, the widths 0.05
 * and 0.1 in four equally spaced snapshots give a sum of 1.009 for the width 0.08 and of 0.963 for 0.15; in forty
 * snapshots, 1.0000 for both. Some tens of snapshots with the widths 0.05 and 0.1 are enough for every width between
 * them. The tensors have the paths of the parameters, as `uploadTensors` takes them. Returns a `ConfigError` for invalid
 * options, for snapshots without `emaPower` averages, and for two averages of the same width and step, and a
 * `CheckpointMismatch` for snapshots of different models.
 * @example
 * const w = (value: number): StoredTensor => ({ dtype: 'F32', shape: [1], data: Float32Array.of(value) })
 * const snapshot = (step: number, value: number) =>
 *   ({ step, settings: { averages: [{ emaPower: 0.1 }] }, tensors: new Map([['average.w', w(value)]]) })
 * const snapshots = [snapshot(100, 1), snapshot(200, 2)]
 * unwrap(postHocAverage(snapshots, { sigmaRel: 0.1 })).get('w')?.data // → [2]
 */
export const postHocAverage = <G = unknown>(
  snapshots: readonly Averages[],
  options: Exact<G, keyof PostHoc> & PostHoc,
): either.Either<NoisefoldError, ReadonlyMap<string, StoredTensor>> =>
  attempt(() => {
    const { sigmaRel, step } = postHoc.demand(options);
    snapshotsOf.demand(snapshots);
    const averages = snapshots.flatMap(powersOf);
    const steps = averages.map((average) => average.t);
    const weights = profileWeights(averages, { gamma: gammaOf(sigmaRel), t: step ?? Math.max(...steps) });
    const [first] = averages;
    if (first === undefined || !weights.every(Number.isFinite))
      return raise('ConfigError', {
        where: 'postHocAverage',
        expected: 'snapshots with emaPower averages, no two of the same width and step',
        actual: `${averages.length} averages, at the steps ${listed([...new Set(steps)].map(String))}`,
        hint: 'train with averageDecay: [emaPower(0.05), emaPower(0.1)], and keep several checkpoints',
      });
    const { prefix: own, tensors } = first;
    const summed = new Map<string, StoredTensor>();
    for (const [name, { shape, data: like }] of tensors) {
      if (name !== own && !name.startsWith(`${own}.`)) continue;
      const total = new Float64Array(like.length);
      for (const [i, average] of averages.entries()) {
        const data = average.tensors.get(average.prefix + name.slice(own.length))?.data;
        if (data?.length !== total.length)
          return raise('CheckpointMismatch', {
            where: `postHocAverage: ${name}`,
            expected: `${total.length} numbers in every snapshot`,
            actual: data === undefined ? 'no such tensor' : `${data.length}`,
            hint: 'give snapshots of one training',
          });
        for (let j = 0; j < total.length; j++) total[j]! += weights[i]! * Number(data[j]!);
      }
      summed.set(name.slice(own.length + 1), { dtype: 'F32', shape, data: Float32Array.from(total) });
    }
    return summed;
  });
