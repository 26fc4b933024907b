/** The features by which digits are compared. */
import type { Backend, NoisefoldError } from 'noisefold/dsl';
import {
  digitClassifier,
  extractFeatures,
  type Extracted,
  type Extraction,
  type ImageSource,
} from 'noisefold/evaluation';
import { function as F, readerTaskEither as RTE } from 'fp-ts';

/** Extracts features of images, and the probabilities of their classes. */
export type Extract = (
  images: ImageSource,
  options: Pick<Extraction, 'images' | 'signal'>,
) => RTE.ReaderTaskEither<Backend, NoisefoldError, Extracted>;

/** Extracts features with the digit classifier of noisefold. */
export const byDigitClassifier: Extract = (images, options) =>
  F.pipe(
    digitClassifier(),
    RTE.flatMap((network) => extractFeatures(network, images, options)),
  );
