/** An event of a training run. */
export type TrainEvent =
  | {
      readonly _tag: 'Step';
      /** The number of updates before this one. */
      readonly step: number;
      /** The number of updates of the whole training. */
      readonly of: number;
      readonly loss: number;
      /** The share of the batch that a classifier classifies correctly. */
      readonly accuracy?: number;
      readonly gradientNorm: number;
      readonly learningRate: number;
      readonly milliseconds: number;
    }
  | {
      readonly _tag: 'HeldOut';
      readonly step: number;
      readonly loss: number;
      /** The share of the images that a classifier classifies correctly. */
      readonly accuracy?: number;
      /** The loss on the first images of the training data, if it is measured. */
      readonly trainingLoss?: number;
    }
  /**
   * The step was not finite, and changed nothing. If an oracle is given, `origin` describes the first operation whose
   * result was not finite; in a series of such steps only for the first one. The run ends as `NonFinite` when such steps
   * prevail: ten more of them than of finite ones.
   */
  | { readonly _tag: 'NonFinite'; readonly step: number; readonly origin: string | null }
  /**
   * Something that usually is a mistake, before the event of its step: a loss that explodes (`Training.explosion`), or data
   * whose pixels are never negative, although images are in [-1, 1]; this once in a run. About `settings`, before all other
   * events: functions without a name and settings, such as a loss, which a resumed run could not tell from others; a denoiser that is
   * not defined at the end of its path, where sampling begins.
   */
  | {
      readonly _tag: 'Warning';
      readonly step: number;
      readonly about: 'loss' | 'data' | 'settings';
      readonly message: string;
    };

/** The key of a warning, by which a listener shows it once: a loss that explodes has a message for each step. */
export const warningKey = ({ about, message }: Extract<TrainEvent, { _tag: 'Warning' }>): string =>
  about === 'loss' ? about : message;
