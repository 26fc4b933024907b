/** An event of a training run. */
export type TrainEvent =
  | {
      readonly _tag: 'Step';
      /** The number of updates before this one. */
      readonly step: number;
      /** The number of updates of the whole training. */
      readonly of: number;
      readonly loss: number;
      /** The share of the batch whose class a classifier has right. */
      readonly accuracy?: number;
      readonly gradientNorm: number;
      readonly learningRate: number;
      readonly milliseconds: number;
    }
  | {
      readonly _tag: 'HeldOut';
      readonly step: number;
      readonly loss: number;
      /** The share of the images whose class a classifier has right. */
      readonly accuracy?: number;
    }
  /** The step was not finite, and changed nothing. `origin` describes the first operation that was not, if an oracle is given. */
  | { readonly _tag: 'NonFinite'; readonly step: number; readonly origin: string | null };
