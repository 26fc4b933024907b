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
   * The step was not finite, and changed nothing. With an oracle, `origin` describes the first operation whose result was
   * not finite; a series of such steps has an origin only for the first step. The run ends as `NonFinite` when the series
   * has ten more steps that were not finite than finite steps.
   */
  | { readonly _tag: 'NonFinite'; readonly step: number; readonly origin: string | null }
  /**
   * A probable mistake. About `loss`: the loss explodes (`Training.explosion`); comes before the event of its step. About
   * `data`, once in a run: no pixel is negative, although images are in [-1, 1]; or the channels seem to come first. About
   * `settings`, before all other events: a function, such as a loss, has neither a name nor settings, so a resumed run
   * cannot compare it; or the denoiser is not defined at the end of its path, where sampling begins.
   */
  | {
      readonly _tag: 'Warning';
      readonly step: number;
      readonly about: 'loss' | 'data' | 'settings';
      readonly message: string;
    };

/** The key by which a listener shows a warning once. All warnings about the loss share a key, because each has its own message. */
export const warningKey = ({ about, message }: Extract<TrainEvent, { _tag: 'Warning' }>): string =>
  about === 'loss' ? about : message;
