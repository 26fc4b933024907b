/** The program of a step. Its numbers are inputs: see `walk.ts`. */
import { unwrap } from 'noisefold';
import {
  add,
  type Dim,
  fork,
  type Key,
  leafSpec,
  mul,
  normal,
  onesLike,
  program,
  sub,
  type Tensor,
  treeSpec,
} from 'noisefold/dsl';
import { conditionGuidance, clipToImage } from 'noisefold/diffusion';
import type { UNetParams } from 'noisefold/nn';
import type { Parts } from './network.js';
import type { Step } from './walk.js';

type Images = Tensor<[Dim, Dim, Dim, Dim]>;
type Numbers<A> = { readonly [K in keyof A]: A[K] extends number ? Tensor<[]> : Numbers<A[K]> };

/** A part of an image that stays: the mask is 1 there. */
interface Known {
  readonly image: Images;
  readonly mask: Images;
}

/** The inputs of a step. */
interface Inputs {
  readonly params: UNetParams;
  readonly state: Images;
  readonly conditions: Readonly<Record<string, Tensor<[Dim], 'int32'>>>;
  /** The time of each image. */
  readonly t: Tensor<[Dim]>;
  readonly scale: Tensor<[]>;
  readonly step: Numbers<Omit<Step, 't'>>;
  readonly key: Key;
  /** Nothing if the program does not repair. */
  readonly known: readonly Known[];
}

/** The kinds of programs: of a number of images, with guidance, and with known pixels. */
export interface Kind {
  readonly count: number;
  readonly guided: boolean;
  readonly repairs: boolean;
}

const channel = { alpha: leafSpec([]), sigma: leafSpec([]) };

export const stepProgram = (
  { model, image: [H, W, C] }: Pick<Parts, 'model' | 'image'>,
  { count, guided, repairs }: Kind,
) => {
  const x = leafSpec([count, H, W, C]);
  const names = Object.keys(model.conditions ?? {});
  const spec = treeSpec<Inputs>({
    params: model.params,
    state: x,
    conditions: Object.fromEntries(names.map((name) => [name, leafSpec([count], 'int32')])),
    t: leafSpec([count]),
    scale: leafSpec([]),
    step: {
      raise: leafSpec([]),
      guess: { x: leafSpec([]), prediction: leafSpec([]) },
      next: { x: leafSpec([]), x0: leafSpec([]), noise: leafSpec([]) },
      end: channel,
      back: channel,
    },
    key: leafSpec([], 'key'),
    known: repairs ? [{ image: x, mask: x }] : [],
  });
  return program(
    spec,
    ({ params, state, conditions, t, scale, step: { raise, guess, next, end, back }, key, known }) => {
      // classifier-free guidance (Ho & Salimans 2022) whose scale is an input
      const guidance = conditionGuidance({
        combine: ({ positive, negative }) => add(negative, mul(sub(positive, negative), scale)),
      });
      const { apply } = guided ? unwrap(guidance(model)) : model;
      const noise = (of: 'step' | 'known' | 'back') => normal(fork(key, 'step', 'known', 'back')[of], count, H, W, C);
      const at = mul(state, raise);
      const x0 = clipToImage(add(mul(at, guess.x), mul(apply(params, at, { t, conditions }), guess.prediction)));
      const solved = add(add(mul(at, next.x), mul(x0, next.x0)), mul(noise('step'), next.noise));
      const [part] = known;
      if (part === undefined) return { state: solved, x0 };
      const seen = add(mul(part.image, end.alpha), mul(noise('known'), end.sigma));
      const put = add(mul(solved, sub(onesLike(part.mask), part.mask)), mul(seen, part.mask));
      return { state: add(mul(put, back.alpha), mul(noise('back'), back.sigma)), x0 };
    },
  );
};
