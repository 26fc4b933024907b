/** The classifier of noisefold, which says what a digit looks like. Its weights, 0.1 MB, load when it first looks. */
import { type Backend, compile, leafSpec, type NoisefoldError, program, read, release, type Shape, type Tensor, treeSpec, type Value } from 'noisefold/dsl'; // oxfmt-ignore
import { digitClassifier, digitNetwork, type DigitParams } from 'noisefold/evaluation';
import { function as F, taskEither as TE } from 'fp-ts';
import { AREA, CLASSES, SIDE } from '../shared/extent.js';
import { once } from './fetched.js';

/** The classes of images in [-1, 1], one after another. */
export type Recognize = (x: Float32Array<ArrayBuffer>) => TE.TaskEither<NoisefoldError, readonly number[]>;

interface Look {
  readonly params: DigitParams;
  readonly images: Tensor<['B', typeof SIDE, typeof SIDE, 1]>;
}

/** The index of the greatest of the logits of an image. */
const classAt = (logits: ArrayLike<number>, image: number): number => {
  const row = Array.from({ length: CLASSES }, (_, label) => logits[image * CLASSES + label]!);
  return row.indexOf(Math.max(...row));
};

export const recognizerOn = (backend: Backend): Recognize => {
  const network = once(digitClassifier()(backend));
  const looking = program(
    treeSpec<Look>({ params: digitNetwork.params, images: leafSpec(['B', SIDE, SIDE, 1]) }),
    ({ params, images }) => digitNetwork.apply(params)(images).logits,
  );
  const numbersOf = (logits: Value<Shape>): TE.TaskEither<NoisefoldError, ArrayLike<number>> =>
    F.pipe(
      read(logits)(backend),
      TE.tap(() => release(logits)(backend)),
    );
  return (x) => {
    const count = x.length / AREA;
    return F.pipe(
      network,
      TE.flatMap(({ params }) =>
        TE.bracket(
          compile(looking, { B: count })(backend),
          (look) => TE.flatMap(numbersOf)(look.run({ params, images: x })),
          (look) => TE.fromIO(look.release),
        ),
      ),
      TE.map((logits) => Array.from({ length: count }, (_, image) => classAt(logits, image))),
    );
  };
};
