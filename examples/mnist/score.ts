/** The score of drawn digits. */
import { type Backend, type NoisefoldError, type StopSignal } from 'noisefold/dsl';
import { accuracyOf, type Extracted, type Features, frechetDistance, momentsOf } from 'noisefold/evaluation';
import type { Images } from 'noisefold/training';
import { either as E, function as F, readerTaskEither as RTE } from 'fp-ts';
import type { Digits } from './digits.js';
import type { Extract } from './features.js';

const fid = (real: Features, generated: Features): E.Either<NoisefoldError, number> =>
  F.pipe(
    E.Do,
    E.bind('a', () => momentsOf(real)),
    E.bind('b', () => momentsOf(generated)),
    E.flatMap(({ a, b }) => frechetDistance(a, b)),
  );

/** The share of digits that the classifier recognizes, in words. */
const recognized = ({ probabilities }: Extracted, labels: readonly number[]): E.Either<NoisefoldError, string> =>
  probabilities === undefined
    ? E.right('')
    : F.pipe(
        accuracyOf(probabilities, labels),
        E.map((share) => `${Math.round(share * labels.length)} of ${labels.length} digits recognized as drawn, `),
      );

/**
 * Scores digits: how many are recognized as the class that they were drawn for, and their FID against the held-out
 * digits, beside that of the same number of real digits, of the training set. The FID of so few images is biased, so only
 * equal numbers can be compared.
 */
export const scoreOf = (
  { extract, signal }: { readonly extract: Extract; readonly signal: StopSignal },
  { train, test }: Digits,
  images: Images,
  labels: readonly number[],
): RTE.ReaderTaskEither<Backend, NoisefoldError, string> =>
  F.pipe(
    RTE.Do,
    RTE.bind('drawn', () => extract(images, { signal })),
    RTE.bind('heldOut', () => extract(test, { signal })),
    RTE.bind('known', () => extract(train, { signal, images: labels.length })),
    RTE.bind('accuracy', ({ drawn }) => RTE.fromEither(recognized(drawn, labels))),
    RTE.bind('ofDrawn', ({ drawn, heldOut }) => RTE.fromEither(fid(heldOut.features, drawn.features))),
    RTE.bind('ofKnown', ({ known, heldOut }) => RTE.fromEither(fid(heldOut.features, known.features))),
    RTE.map(
      ({ accuracy, ofDrawn, ofKnown, known }) =>
        `score: ${accuracy}FID ${ofDrawn.toFixed(2)} (${known.features.shape[0]} real digits: ${ofKnown.toFixed(2)})`,
    ),
  );
