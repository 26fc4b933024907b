/** What happens in a training run. */
export type TrainEvent =
  | {
      readonly _tag: 'Step';
      /** How many updates were made before this one. */
      readonly step: number;
      /** How many updates the training has in all. */
      readonly of: number;
      readonly loss: number;
      readonly gradientNorm: number;
      readonly learningRate: number;
      readonly milliseconds: number;
    }
  | { readonly _tag: 'HeldOut'; readonly step: number; readonly loss: number }
  /** The step was not finite and changed nothing. */
  | { readonly _tag: 'NonFinite'; readonly step: number; readonly origin: string | null };
