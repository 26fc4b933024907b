/** A film: images from noise to the result. */
import type { Pixels, Report } from '../shared/messages.js';

export interface Still {
  /** The timestep. */
  readonly t: number;
  /** x_t, one image after another. */
  readonly image: Pixels;
  /** x̂₀: the estimate of the network. */
  readonly guess: Pixels;
}

export interface Film {
  readonly id: number;
  /** The class of each image. */
  readonly labels: readonly number[];
  /** The number of updates of the network at the time of the request. */
  readonly learned: number;
  /** The number of steps; a complete film has one more still. */
  readonly of: number;
  readonly stills: readonly Still[];
}

export const isDone = ({ stills, of }: Film): boolean => stills.length > of;

/** Adds a still to its film; ignores a still of another film. */
export const withFrame = (
  film: Film,
  { id, index, of, t, image, guess }: Extract<Report, { readonly _tag: 'Frame' }>,
): Film =>
  id === film.id && index === film.stills.length
    ? { ...film, of, stills: [...film.stills, { t, image, guess }] }
    : film;
