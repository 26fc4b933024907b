/** The messages between the page and its worker. Both decode the messages they receive. */
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E } from 'fp-ts';
import { type Decoder, numberThat, oneOf, orNull, record, wholeFrom } from '../../mnist/decoder.js';
import { anyNumber, bytes, floats, listOf, recordOf, tagged, text } from './decoders.js';
import { ALL_PREDICTIONS, PLANE_PATHS, type PlaneChoice, STEP_COUNTS } from './plane.js';
import { type Settings, settingsDecoder, stepsDecoder } from './settings.js';

/** Images one after another: digits have one byte per pixel, 0 is paper, 255 ink; faces have three, RGB. */
export type Pixels = Uint8Array<ArrayBuffer>;

/** A partly known image. */
export interface Known {
  readonly image: Pixels;
  /** 1 for pixels to fill in, 0 for known pixels. */
  readonly mask: Uint8Array<ArrayBuffer>;
}

/** The parts of the page that show images of a network. */
const purposes = ['drawing', 'repair', 'removal', 'guidance', 'morph', 'faces'] as const;
export type Purpose = (typeof purposes)[number];

const networks = ['shipped', 'own', 'faces'] as const;

/** x where drawing begins: one image for all, or one for each. */
export interface Beginning {
  readonly x: Float32Array<ArrayBuffer>;
  /** The noise level of x_t, σ/α. */
  readonly sigma: number;
}

/** A request for images: a repair if there are known pixels, and from noise if there is no beginning. */
export interface Paint {
  readonly _tag: 'Paint';
  readonly id: number;
  readonly purpose: Purpose;
  /** The place in that part of the page. A request replaces an older one for the same place. */
  readonly part: number;
  /** The shipped network of digits, the one in training, or the network of faces. */
  readonly network: (typeof networks)[number];
  /** The number of the value of each condition for each image. The number that follows those of its values means none. */
  readonly conditions: Readonly<Record<string, readonly number[]>>;
  /** `inversion` goes from an image to its noise. */
  readonly solver: 'ddim' | 'ancestral' | 'inversion';
  readonly steps: number;
  readonly guidance: number;
  readonly seed: number;
  readonly known: Known | null;
  readonly from: Beginning | null;
}

/** The request of the plane. A worker of its own trains and films until the next one. */
export interface Plane extends PlaneChoice {
  readonly _tag: 'Plane';
  /** Another number is another training. */
  readonly training: number;
  /** x and y of each point, as bytes that mean [-1, 1]. */
  readonly points: Pixels;
  readonly seed: number;
  /** Train until this number of updates. */
  readonly until: number;
}

/** The requests of the page. */
export type Request =
  /** The first request: load a backend, and the saved training if there is one. */
  | {
      readonly _tag: 'Start';
      readonly settings: Settings;
      /** The address of the folder of the page, where its files are. */
      readonly folder: string;
    }
  /** Load the digits, beside other tasks. */
  | { readonly _tag: 'LoadDigits' }
  /** Load the shipped network, or that of faces, beside other tasks. */
  | { readonly _tag: 'LoadNetwork' }
  | { readonly _tag: 'LoadFaces' }
  /** Train until this number of updates. */
  | { readonly _tag: 'Train'; readonly until: number }
  | { readonly _tag: 'Rest' }
  /** Start over with another seed; the worker returns the replaced training. */
  | { readonly _tag: 'Anew'; readonly seed: number }
  | Paint
  /** Get the classes that the digits of numbers in [-1, 1] look like. */
  | { readonly _tag: 'Recognize'; readonly id: number; readonly x: Float32Array<ArrayBuffer> }
  /** Get a held-out digit. */
  | { readonly _tag: 'FindDigit'; readonly at: number }
  /** Get the checkpoint. */
  | { readonly _tag: 'Save' }
  /** Save the training in this browser. */
  | { readonly _tag: 'Keep' }
  /** Resume from a checkpoint. */
  | { readonly _tag: 'Open'; readonly name: string; readonly bytes: Pixels };

const doings = [
  'start',
  'digits',
  'network',
  'networkOfFaces',
  'train',
  'open',
  'save',
  'keep',
  'digit',
  'plane',
  ...purposes,
] as const;

/** A failure: the task and the error. */
export interface Failure {
  readonly doing: (typeof doings)[number];
  readonly message: string;
}

/** Reasons for WebAssembly: no WebGPU, only in software, it failed, or its device was lost twice. */
const whys = ['absent', 'software', 'failed', 'lost'] as const;
export type WhyWasm = (typeof whys)[number];

/** The reports of the worker. */
export type Report =
  /** A backend works; `why` is null if it is the requested one. `threads` is null if it does not use the CPU. */
  | {
      readonly _tag: 'Works';
      readonly backend: string;
      readonly threads: number | null;
      readonly why: WhyWasm | null;
    }
  /** The threads of WebAssembly could not start: it has one thread. */
  | { readonly _tag: 'OneThread' }
  | { readonly _tag: 'DigitsLoaded' }
  /** The shipped network is loaded, or that of a file, which has a name. */
  | { readonly _tag: 'NetworkLoaded'; readonly name: string | null }
  /** The network of faces is loaded. */
  | { readonly _tag: 'FacesLoaded' }
  /** A network is ready, after this number of updates. */
  | {
      readonly _tag: 'Begun';
      readonly from: 'noise' | 'kept' | 'file' | 'lost';
      readonly step: number;
      /** The number of updates of its recipe. */
      readonly goal: number;
    }
  | { readonly _tag: 'Stepped'; readonly step: number; readonly loss: number; readonly milliseconds: number }
  /** The loss of the averaged weights on digits that are not for training, and on some that are. */
  | { readonly _tag: 'HeldOut'; readonly step: number; readonly loss: number; readonly trainingLoss: number }
  | { readonly _tag: 'NonFinite'; readonly step: number }
  /** The training paused, after this number of updates. */
  | { readonly _tag: 'Rested'; readonly step: number }
  /** Before step `index` of `of`: x_t and x̂₀ of the images. The last has `index === of`. */
  | {
      readonly _tag: 'Frame';
      readonly id: number;
      readonly purpose: Purpose;
      readonly index: number;
      readonly of: number;
      /** The timestep; 0 at the end. */
      readonly t: number;
      readonly image: Pixels;
      readonly guess: Pixels;
    }
  | {
      readonly _tag: 'Painted';
      readonly id: number;
      readonly purpose: Purpose;
      readonly milliseconds: number;
      /** The number of images that the network looked at. */
      readonly evaluations: number;
      /** The numbers of the last x. */
      readonly x: Float32Array<ArrayBuffer>;
    }
  /** Another request cancelled these images. */
  | { readonly _tag: 'Dropped'; readonly id: number; readonly purpose: Purpose }
  | { readonly _tag: 'Recognized'; readonly id: number; readonly classes: readonly number[] }
  | { readonly _tag: 'Digit'; readonly image: Pixels; readonly label: number }
  | { readonly _tag: 'Saved'; readonly step: number; readonly bytes: Pixels }
  | { readonly _tag: 'Kept'; readonly step: number }
  /** This browser saves the training of another tab. */
  | { readonly _tag: 'KeptElsewhere' }
  /** The checkpoint of the replaced training. */
  | { readonly _tag: 'Replaced'; readonly step: number; readonly bytes: Pixels }
  /** The device was lost, with all updates since the last copy. */
  | { readonly _tag: 'Lost'; readonly step: number; readonly message: string }
  /** The film of the plane: the steps of all dots to the points, by the exact denoiser or by the network. */
  | {
      readonly _tag: 'PlaneFilm';
      readonly of: 'exact' | 'learned';
      readonly training: number;
      readonly updates: number;
      /** The milliseconds of training. */
      readonly milliseconds: number;
      readonly steps: number;
      /** α and σ of each step. */
      readonly levels: readonly number[];
      /** x_t of the dots, their x̂₀, and the x̂₀ of the arrows, at each step. */
      readonly frames: Float32Array<ArrayBuffer>;
    }
  | ({ readonly _tag: 'Failed' } & Failure);

const count = wholeFrom(0);
const purpose = oneOf(purposes);

const requestDecoder: Decoder<Request | Plane> = tagged<Request | Plane>({
  Start: { settings: settingsDecoder, folder: text },
  LoadDigits: {},
  LoadNetwork: {},
  LoadFaces: {},
  Train: { until: count },
  Rest: {},
  Anew: { seed: count },
  Paint: {
    id: count,
    purpose,
    part: count,
    network: oneOf(networks),
    conditions: recordOf(listOf(count)),
    solver: oneOf(['ddim', 'ancestral', 'inversion']),
    steps: stepsDecoder,
    guidance: numberThat('a number', () => true),
    seed: count,
    known: orNull(record<Known>({ image: bytes, mask: bytes })),
    from: orNull(record<Beginning>({ x: floats, sigma: anyNumber })),
  },
  Recognize: { id: count, x: floats },
  FindDigit: { at: count },
  Save: {},
  Keep: {},
  Open: { name: text, bytes },
  Plane: {
    training: count,
    points: bytes,
    path: oneOf(PLANE_PATHS),
    predicts: oneOf(ALL_PREDICTIONS),
    steps: numberThat('1, 2, 5 or 25', (n) => STEP_COUNTS.includes(n)),
    seed: count,
    until: count,
  },
});

const reportDecoder: Decoder<Report> = tagged<Report>({
  Works: { backend: text, threads: orNull(count), why: orNull(oneOf(whys)) },
  OneThread: {},
  DigitsLoaded: {},
  NetworkLoaded: { name: orNull(text) },
  FacesLoaded: {},
  Begun: { from: oneOf(['noise', 'kept', 'file', 'lost']), step: count, goal: count },
  Stepped: { step: count, loss: anyNumber, milliseconds: anyNumber },
  HeldOut: { step: count, loss: anyNumber, trainingLoss: anyNumber },
  NonFinite: { step: count },
  Rested: { step: count },
  Frame: { id: count, purpose, index: count, of: count, t: count, image: bytes, guess: bytes },
  Painted: { id: count, purpose, milliseconds: anyNumber, evaluations: count, x: floats },
  Dropped: { id: count, purpose },
  Recognized: { id: count, classes: listOf(count) },
  Digit: { image: bytes, label: count },
  Saved: { step: count, bytes },
  Kept: { step: count },
  KeptElsewhere: {},
  Replaced: { step: count, bytes },
  Lost: { step: count, message: text },
  PlaneFilm: {
    of: oneOf(['exact', 'learned']),
    training: count,
    updates: count,
    milliseconds: anyNumber,
    steps: count,
    levels: listOf(anyNumber),
    frames: floats,
  },
  Failed: {
    doing: oneOf(doings),
    message: text,
  },
});

const HINT = 'reload the page: its parts are of different versions';

export const decodeRequest: (message: unknown) => E.Either<NoisefoldError, Request | Plane> =
  /* @__PURE__ */ requestDecoder({
    where: 'a message of the page',
    hint: HINT,
  });

export const decodeReport: (message: unknown) => E.Either<NoisefoldError, Report> = /* @__PURE__ */ reportDecoder({
  where: 'a message of the worker',
  hint: HINT,
});

/** The buffers that are transferred with a report. */
export const buffersOf = (message: Report): readonly ArrayBuffer[] => {
  switch (message._tag) {
    case 'Saved':
    case 'Replaced':
      return [message.bytes.buffer];
    case 'Frame':
      return message.image === message.guess ? [message.image.buffer] : [message.image.buffer, message.guess.buffer];
    case 'Digit':
      return [message.image.buffer];
    case 'PlaneFilm':
      return [message.frames.buffer];
    default:
      return [];
  }
};
